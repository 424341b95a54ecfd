import type { LiveRow } from '@vacancy/shared';

/** Why the cards of a server could not be read; a server without cards has no such reason. */
export const gpuFailure = (row: Pick<LiveRow, 'health'>): string | undefined =>
  row.health?.failures?.find((failure) => /gpu|nvidia|amd/i.test(failure.collector))?.reason;
