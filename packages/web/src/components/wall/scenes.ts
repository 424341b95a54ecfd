/** What a wall screen shows one after the other. A large fleet's matrix takes several pages: what is too small to read is not shown. */
export type Scene = { kind: 'matrix'; page: number; pages: number } | { kind: 'like' } | { kind: 'load' } | { kind: 'trends' };

/** More servers than this on one screen cannot be read from five metres. */
export const PER_PAGE = 24;

export function scenesOf(servers: number): Scene[] {
  const pages = Math.max(1, Math.ceil(servers / PER_PAGE));
  const matrix = Array.from({ length: pages }, (_, page): Scene => ({ kind: 'matrix', page, pages }));
  return [...matrix, { kind: 'like' }, { kind: 'load' }, { kind: 'trends' }];
}

/** The scene `by` places on, around the end; a fleet that shrank may have left the place it was at. */
export const turn = (index: number, by: number, scenes: number): number => (((Math.min(index, scenes - 1) + by) % scenes) + scenes) % scenes;

/** How many columns let `count` blocks of `aspect` (width ÷ height) be largest in a space. */
export function columnsFor(count: number, width: number, height: number, aspect: number): number {
  let best = { columns: 1, size: 0 };
  for (let columns = 1; columns <= Math.max(1, count); columns++) {
    const rows = Math.ceil(count / columns);
    const size = Math.min(width / columns, (height / rows) * aspect);
    if (size > best.size) best = { columns, size };
  }
  return best.columns;
}
