import type { FleetGpu, FleetRow } from '@vacancy/shared';
import { binOf, CANVAS_FONT, type Palette } from '../../charts/palette.js';
import { cellRect, type CellPosition, type MatrixLayout } from '../../state/matrix.js';

/**
 * Draws the matrix on a canvas: 8,000 cells as elements cost tens of milliseconds a change. A block is drawn again only when it
 * would look different: the figures of every row change each second, but few cards change their colour. Drawing all whose row had
 * changed cost some 30 ms a commit with 1,000 servers, half of it outside scripts, where the canvas is handed to the compositor.
 */
export interface MatrixPainter {
  /** New layout, theme or colouring: everything is drawn. */
  reset(scene: MatrixScene): void;
  update(rows: ReadonlyMap<string, FleetRow>): void;
  /** Outlines one cell. */
  point(position: CellPosition | null): void;
}

export interface MatrixScene {
  layout: MatrixLayout;
  palette: Palette;
  colour: 'memory' | 'utilization';
  rows: ReadonlyMap<string, FleetRow>;
}

/** The outline reaches this far over its cell. */
const OUTLINE = 2;

export function createMatrixPainter(canvas: HTMLCanvasElement): MatrixPainter {
  const pen = canvas.getContext('2d')!;
  let scene: MatrixScene | null = null;
  let drawn: { row: FleetRow | undefined; look: string }[] = [];
  let pointed: CellPosition | null = null;

  const drawBlock = (index: number): void => {
    const { layout, palette, colour, rows } = scene!;
    const block = layout.blocks[index]!;
    const row = rows.get(block.server);
    drawn[index] = { row, look: lookOf(row, scene!) };
    pen.clearRect(block.x - OUTLINE, block.y - OUTLINE, layout.block.width + 2 * OUTLINE, layout.block.height + 2 * OUTLINE);
    if (!row) return;
    if (layout.label > 0) drawLabel(pen, row, block.x, block.y, layout, palette);
    for (let card = 0; card < block.cards.length; card++) {
      const gpu = row.gpus[card];
      if (gpu) drawCell(pen, { gpu, online: row.online, colour, palette, density: layout.density }, cellRect(layout, { block: index, card }));
    }
    if (pointed?.block === index) outline(pen, cellRect(layout, pointed), palette);
  };

  return {
    reset(next) {
      scene = next;
      drawn = [];
      pointed = null;
      const ratio = devicePixelRatio || 1;
      canvas.width = Math.round(next.layout.width * ratio);
      canvas.height = Math.round(next.layout.height * ratio);
      pen.setTransform(ratio, 0, 0, ratio, 0, 0);
      for (let index = 0; index < next.layout.blocks.length; index++) drawBlock(index);
    },
    update(rows) {
      if (!scene) return;
      scene = { ...scene, rows };
      scene.layout.blocks.forEach(({ server }, index) => {
        const row = rows.get(server);
        const before = drawn[index]!;
        if (row === before.row) return;
        if (lookOf(row, scene!) === before.look) before.row = row;
        else drawBlock(index);
      });
    },
    point(position) {
      const before = pointed;
      pointed = position;
      if (!scene) return;
      if (before && scene.layout.blocks[before.block]) drawBlock(before.block);
      if (position) drawBlock(position.block);
    },
  };
}

/** All that a block shows of its row, in one value. */
function lookOf(row: FleetRow | undefined, { layout: { density, label }, colour }: MatrixScene): string {
  if (!row) return '';
  let look = label > 0 ? `${row.name}${row.simulated}${row.online}` : String(row.online);
  for (const gpu of row.gpus) {
    const percent = percentOf(gpu, colour);
    look += ` ${binAt(percent, row.online)}`;
    if (density === 'large') look += `/${Math.round(percent ?? -1)}`;
    if (density !== 'small') look += markOf(gpu);
  }
  return look;
}

interface Cell {
  gpu: FleetGpu;
  online: boolean;
  colour: 'memory' | 'utilization';
  palette: Palette;
  density: MatrixLayout['density'];
}

const percentOf = (gpu: FleetGpu, colour: Cell['colour']): number | null => (colour === 'memory' ? (gpu.memory_used / gpu.memory_total) * 100 : gpu.utilization);

/** -1 where there is no figure to show. */
const binAt = (percent: number | null, online: boolean): number => (online && percent !== null && Number.isFinite(percent) ? binOf(percent) : -1);

/** What the colour cannot say. */
const markOf = ({ held, occupied_idle }: FleetGpu): 'held' | 'idle' | '' => (held ? 'held' : occupied_idle ? 'idle' : '');

interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

function drawCell(pen: CanvasRenderingContext2D, { gpu, online, colour, palette, density }: Cell, rect: Rect): void {
  const percent = percentOf(gpu, colour);
  const bin = binAt(percent, online);
  pen.fillStyle = bin < 0 ? palette.unknown : palette.scale[bin]!;
  box(pen, rect, density === 'large' ? 5 : density === 'medium' ? 3 : 1.5);
  if (bin < 0) return hatch(pen, rect, palette);
  if (density === 'small') return;
  pen.fillStyle = palette.scaleInk[bin]!;
  if (density === 'large') {
    pen.font = `600 12px ${CANVAS_FONT}`;
    pen.textAlign = 'center';
    pen.textBaseline = 'middle';
    pen.fillText(String(Math.round(percent!)), rect.x + rect.width / 2, rect.y + rect.height / 2 + 0.5);
  }
  const mark = markOf(gpu);
  if (mark === 'held') pen.fillRect(rect.x + 3, rect.y + rect.height - 4, rect.width - 6, 2);
  else if (mark === 'idle') for (let x = rect.x + 3; x < rect.x + rect.width - 3; x += 5) pen.fillRect(x, rect.y + rect.height - 4, 2.5, 2);
}

function drawLabel(pen: CanvasRenderingContext2D, row: FleetRow, x: number, y: number, layout: MatrixLayout, palette: Palette): void {
  pen.font = `${layout.density === 'large' ? 12 : 11}px ${CANVAS_FONT}`;
  pen.textAlign = 'left';
  pen.textBaseline = 'top';
  pen.fillStyle = row.online ? palette.text : palette.muted;
  pen.fillText(fit(pen, row.simulated ? `${row.name} ◌` : row.name, layout.block.width), x, y + 1);
}

function fit(pen: CanvasRenderingContext2D, text: string, width: number): string {
  if (pen.measureText(text).width <= width) return text;
  const letters = [...text];
  while (letters.length > 1 && pen.measureText(`${letters.join('')}…`).width > width) letters.pop();
  return `${letters.join('')}…`;
}

function box(pen: CanvasRenderingContext2D, { x, y, width, height }: Rect, radius: number): void {
  pen.beginPath();
  pen.roundRect(x, y, width, height, radius);
  pen.fill();
}

function hatch(pen: CanvasRenderingContext2D, { x, y, width, height }: Rect, palette: Palette): void {
  pen.save();
  pen.beginPath();
  pen.rect(x, y, width, height);
  pen.clip();
  pen.strokeStyle = palette.muted;
  pen.globalAlpha = 0.55;
  pen.lineWidth = 1;
  pen.beginPath();
  for (let offset = -height; offset < width; offset += 5) {
    pen.moveTo(x + offset, y + height);
    pen.lineTo(x + offset + height, y);
  }
  pen.stroke();
  pen.restore();
}

function outline(pen: CanvasRenderingContext2D, { x, y, width, height }: Rect, palette: Palette): void {
  pen.strokeStyle = palette.text;
  pen.lineWidth = 2;
  pen.beginPath();
  pen.roundRect(x - 1, y - 1, width + 2, height + 2, 4);
  pen.stroke();
}
