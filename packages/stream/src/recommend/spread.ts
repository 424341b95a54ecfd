export interface Share {
  /** Position in the ranking. */
  readonly at: number;
  readonly count: number;
}

/**
 * Which servers give `wanted` cards together, the fewest that can: the one with the most cards first, of equals the better one; what is then still
 * missing comes from the best server that has so many. `null` when all together have too few.
 * @param cards how many each server has, best server first
 */
export function spreadOver(cards: readonly number[], wanted: number): Share[] | null {
  const left = cards.map((count, at) => ({ at, count }));
  const shares: Share[] = [];
  for (let missing = wanted; missing > 0; ) {
    const last = left.findIndex(({ count }) => count >= missing);
    const most = left.reduce((a, b, at) => (b.count > (left[a]?.count ?? 0) ? at : a), -1);
    const [taken] = left.splice(last >= 0 ? last : most, last >= 0 || most >= 0 ? 1 : 0);
    if (!taken) return null;
    const count = Math.min(taken.count, missing);
    shares.push({ at: taken.at, count });
    missing -= count;
  }
  return shares;
}
