/** The value below which a share of all lies, 0–1: one of the values, the nearest above. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? NaN;
}

const round = (value: number): number => Number(value.toPrecision(3));

/** The line that is read by programs. */
export const result = (figure: string, value: number, goal = ''): void => console.log(`RESULT ${figure} ${round(value)}${goal && ` goal ${goal}`}`);

export const spread = (values: readonly number[]): string =>
  `p50 ${quantile(values, 0.5).toFixed(1)}  p95 ${quantile(values, 0.95).toFixed(1)}  p99 ${quantile(values, 0.99).toFixed(1)}  most ${quantile(values, 1).toFixed(1)}`;

export const knob = (name: string, fallback: number): number => {
  const value = Number(process.env[`BENCH_${name}`] ?? fallback);
  if (!Number.isFinite(value) || value < 0) throw new RangeError(`BENCH_${name} must be a number`);
  return value;
};
