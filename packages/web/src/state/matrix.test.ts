import { describe, expect, it } from 'vitest';
import { cellAt, cellRect, layoutMatrix, moveCell, type MatrixServer } from './matrix.js';

const servers = (count: number, cards: number | ((i: number) => number)): MatrixServer[] =>
  Array.from({ length: count }, (_, i) => ({
    server: `s${i}`,
    name: `s${i}`,
    gpus: Array.from({ length: typeof cards === 'number' ? cards : cards(i) }, (_, id) => ({ id })),
  }));

describe('the layout of the matrix', () => {
  it.each([[12, 8, 1400], [12, 8, 340], [100, 8, 1400], [1000, 8, 1400], [1000, 8, 330], [3, 64, 700], [1, 1, 20]])('keeps %i servers × %i cards inside %i px and apart', (count, cards, width) => {
    const layout = layoutMatrix(servers(count, cards), width);
    expect(layout.blocks).toHaveLength(count);
    const taken = new Set<string>();
    layout.blocks.forEach((block, index) => {
      expect(taken.has(`${block.x},${block.y}`)).toBe(false);
      taken.add(`${block.x},${block.y}`);
      for (let card = 0; card < cards; card++) {
        const rect = cellRect(layout, { block: index, card });
        if (width >= 40) expect(rect.x + rect.width).toBeLessThanOrEqual(width);
        expect(rect.y + rect.height).toBeLessThanOrEqual(layout.height);
      }
    });
  });

  it('keeps eight cards in one line on a phone, and divides them evenly where they do not fit', () => {
    const phone = layoutMatrix(servers(12, 8), 302);
    expect(phone).toMatchObject({ density: 'large', columns: 8 });
    expect(phone.block.width).toBeLessThanOrEqual(302);
    expect(layoutMatrix(servers(12, 8), 200).columns).toBe(4);
    expect(layoutMatrix(servers(12, 10), 1400).columns).toBe(5);
  });

  it('finds under the pointer the very cell it draws there', () => {
    const layout = layoutMatrix(servers(30, (i) => 1 + (i % 10)), 900);
    layout.blocks.forEach((block, index) =>
      block.cards.forEach((_, card) => {
        const { x, y, width, height } = cellRect(layout, { block: index, card });
        expect(cellAt(layout, x + width / 2, y + height / 2)).toEqual({ block: index, card });
      }),
    );
  });

  it('finds nothing beside the blocks or where a server has no card', () => {
    const layout = layoutMatrix(servers(2, (i) => (i === 0 ? 8 : 1)), 900);
    expect(cellAt(layout, -1, 0)).toBeNull();
    expect(cellAt(layout, layout.block.width + 1, 20)).toBeNull();
    const second = cellRect(layout, { block: 1, card: 3 });
    expect(cellAt(layout, second.x + 2, second.y + 2)).toBeNull();
  });

  it('leaves out servers without cards', () => {
    expect(layoutMatrix(servers(4, (i) => i % 2), 900).blocks.map((block) => block.server)).toEqual(['s1', 's3']);
  });

  it('is empty, not broken, without any card', () => {
    expect(layoutMatrix([], 900)).toMatchObject({ blocks: [], height: 0 });
  });
});

describe('the arrow keys', () => {
  const layout = layoutMatrix(servers(9, (i) => 1 + (i % 3)), 300);

  it('reach every card with → and come back with ←', () => {
    const total = layout.blocks.reduce((sum, block) => sum + block.cards.length, 0);
    let at = { block: 0, card: 0 };
    const seen = new Set([JSON.stringify(at)]);
    for (let i = 1; i < total; i++) seen.add(JSON.stringify((at = moveCell(layout, at, 'ArrowRight'))));
    expect(seen.size).toBe(total);
    expect(moveCell(layout, at, 'ArrowRight')).toEqual(at);
    for (let i = 1; i < total; i++) at = moveCell(layout, at, 'ArrowLeft');
    expect(at).toEqual({ block: 0, card: 0 });
  });

  it('stay within a column with ↓ and ↑, on a card that is there', () => {
    let at = moveCell(layout, { block: 2, card: 2 }, 'ArrowDown');
    expect(layout.blocks[at.block]!.x).toBe(layout.blocks[2]!.x);
    expect(at.card).toBeLessThan(layout.blocks[at.block]!.cards.length);
    at = moveCell(layout, at, 'ArrowUp');
    expect(at.block).toBe(2);
  });

  it('survive that the fleet shrank under them', () => {
    expect(moveCell(layout, { block: 99, card: 7 }, 'ArrowLeft').block).toBeLessThan(layout.blocks.length);
  });
});
