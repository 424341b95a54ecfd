import { GIB } from '@vacancy/shared';

/** How sentences write sizes, shares and spans; parameters of a sentence are numbers, so a page can write its own. */
export const gib = (bytes: unknown): string => `${trim(Number(bytes) / GIB)} GiB`;
export const percent = (value: unknown): string => `${trim(Number(value))} %`;

export function age(ms: unknown): string {
  const seconds = Number(ms) / 1000;
  if (seconds < 10) return `${trim(seconds)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

const trim = (value: number): string => value.toFixed(1).replace(/\.0$/, '');
