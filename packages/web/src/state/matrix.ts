/** Where each card of the fleet is drawn: one block a server, one cell a card, blocks flowing in rows. All in CSS pixels. */
export interface MatrixBlock {
  server: string;
  name: string;
  x: number;
  y: number;
  cards: number[];
}

export interface MatrixLayout {
  density: 'large' | 'medium' | 'small';
  /** Size of a cell, and the space after it. */
  cell: { width: number; height: number; gap: number };
  /** Cells of a block that stand in one row; a server with more cards takes further rows. */
  columns: number;
  /** Height of the name above the cells; 0 where there is no room for names. */
  label: number;
  blocks: MatrixBlock[];
  block: { width: number; height: number };
  width: number;
  height: number;
}

export interface MatrixServer {
  server: string;
  name: string;
  gpus: readonly { id: number }[];
}

const DENSITIES = {
  large: { cell: { width: 36, height: 26, gap: 3 }, label: 20, space: { x: 20, y: 12 } },
  medium: { cell: { width: 15, height: 15, gap: 2 }, label: 16, space: { x: 14, y: 8 } },
  small: { cell: { width: 8, height: 8, gap: 1 }, label: 0, space: { x: 7, y: 5 } },
} as const;

/** A block wider than this many cells would not fit a phone. */
const MAX_COLUMNS = 8;
/** Share of its width that a cell keeps at least. */
const NARROWEST = 0.75;

/** @param servers in the order they shall stand; those without cards are left out. */
export function layoutMatrix(servers: readonly MatrixServer[], width: number): MatrixLayout {
  const shown = servers.filter((server) => server.gpus.length > 0);
  const density = shown.length <= 40 ? 'large' : shown.length <= 160 ? 'medium' : 'small';
  const { label, space, cell: wanted } = DENSITIES[density];
  const most = shown.reduce((max, server) => Math.max(max, server.gpus.length), 1);
  // On a phone rather narrower cells than a server whose last card stands alone in a second line.
  const wide = Math.min(MAX_COLUMNS, most);
  const cell = { ...wanted, width: Math.min(wanted.width, Math.max(NARROWEST * wanted.width, Math.floor((width + wanted.gap) / wide) - wanted.gap)) };
  const room = Math.min(wide, Math.max(1, Math.floor((width + cell.gap) / (cell.width + cell.gap))));
  const lines = Math.ceil(most / room);
  const columns = Math.ceil(most / lines);
  const block = {
    width: columns * (cell.width + cell.gap) - cell.gap,
    height: label + lines * (cell.height + cell.gap) - cell.gap,
  };
  const perRow = Math.max(1, Math.floor((width + space.x) / (block.width + space.x)));
  const blocks = shown.map((server, index) => ({
    server: server.server,
    name: server.name,
    x: (index % perRow) * (block.width + space.x),
    y: Math.floor(index / perRow) * (block.height + space.y),
    cards: server.gpus.map((card) => card.id),
  }));
  const rows = Math.ceil(shown.length / perRow);
  return { density, cell, columns, label, blocks, block, width, height: Math.max(0, rows * (block.height + space.y) - space.y) };
}

export interface CellPosition {
  block: number;
  card: number;
}

export function cellRect(layout: MatrixLayout, { block, card }: CellPosition): { x: number; y: number; width: number; height: number } {
  const { x, y } = layout.blocks[block]!;
  const { width, height, gap } = layout.cell;
  return {
    x: x + (card % layout.columns) * (width + gap),
    y: y + layout.label + Math.floor(card / layout.columns) * (height + gap),
    width,
    height,
  };
}

/** The cell at a point; between two cells, the one before. `null` beside the blocks. */
export function cellAt(layout: MatrixLayout, x: number, y: number): CellPosition | null {
  const { width, height, gap } = layout.cell;
  const block = layout.blocks.findIndex(
    (candidate) => x >= candidate.x && x < candidate.x + layout.block.width && y >= candidate.y && y < candidate.y + layout.block.height,
  );
  if (block < 0) return null;
  const found = layout.blocks[block]!;
  const column = Math.floor((x - found.x) / (width + gap));
  const line = Math.max(0, Math.floor((y - found.y - layout.label) / (height + gap)));
  const card = line * layout.columns + column;
  return column < layout.columns && card < found.cards.length ? { block, card } : null;
}

/** Where an arrow key leads; at an edge it stays. */
export function moveCell(layout: MatrixLayout, from: CellPosition, key: string): CellPosition {
  const all = layout.blocks.length;
  if (all === 0) return from;
  const block = Math.min(from.block, all - 1);
  const cards = layout.blocks[block]!.cards.length;
  const card = Math.min(from.card, cards - 1);
  const last = (index: number): number => layout.blocks[index]!.cards.length - 1;
  if (key === 'ArrowRight') return card < cards - 1 ? { block, card: card + 1 } : block < all - 1 ? { block: block + 1, card: 0 } : { block, card };
  if (key === 'ArrowLeft') return card > 0 ? { block, card: card - 1 } : block > 0 ? { block: block - 1, card: last(block - 1) } : { block, card };
  if (key === 'Home') return { block: 0, card: 0 };
  if (key === 'End') return { block: all - 1, card: last(all - 1) };
  const { x, y } = layout.blocks[block]!;
  const column = layout.blocks.map((candidate, index) => ({ ...candidate, index })).filter((candidate) => candidate.x === x);
  const next = key === 'ArrowDown' ? column.find((candidate) => candidate.y > y) : column.findLast((candidate) => candidate.y < y);
  return next ? { block: next.index, card: Math.min(card, next.cards.length - 1) } : { block, card };
}
