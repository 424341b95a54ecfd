/** Chance that repeats: the same keys give the same numbers on every run, at any moment, in any order of asking. */

/** Mixes two integers into 32 well-spread bits (the finaliser of MurmurHash3). */
export function mix(a: number, b: number): number {
  let h = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(b | 0, 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** 0 ≤ x < 1. */
export const unit = (a: number, b: number): number => mix(a, b) / 0x1_0000_0000;

/** -1 ≤ x ≤ 1, continuous in `x`, with a new direction at every whole number. */
export function noise(key: number, x: number): number {
  const cell = Math.floor(x);
  const left = unit(key, cell);
  return 2 * (left + (unit(key, cell + 1) - left) * (x - cell)) - 1;
}

/** A sequence of chances that starts at a key. */
export class Dice {
  readonly #key: number;
  #rolls = 0;

  constructor(key: number) {
    this.#key = key;
  }

  unit(): number {
    return unit(this.#key, this.#rolls++);
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.unit();
  }

  pick<T>(list: readonly [T, ...T[]]): T {
    return list[Math.floor(this.unit() * list.length)]!;
  }

  /** One of the keys, each as likely as its weight. */
  weighted<K extends string>(weights: Partial<Readonly<Record<K, number>>>): K {
    const entries = Object.entries(weights) as [K, number][];
    let left = this.unit() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [key, weight] of entries) if ((left -= weight) < 0) return key;
    return entries[entries.length - 1]![0];
  }

  /** Waiting time of a process that happens once per `mean` on average. */
  exponential(mean: number): number {
    return -Math.log(1 - this.unit()) * mean;
  }

  /** Half of the values lie under `median`; `spread` 1 makes one in six more than 2.7 times as long. */
  lognormal(median: number, spread: number): number {
    const normal = Math.sqrt(-2 * Math.log(1 - this.unit())) * Math.cos(2 * Math.PI * this.unit());
    return median * Math.exp(spread * normal);
  }
}
