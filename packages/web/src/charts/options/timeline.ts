import type { Format } from '../../format/format.js';
import type { Point } from '../../state/history.js';
import type { Stretch } from '../../state/range.js';
import { plainText, type ChartOption } from '../option.js';
import { CANVAS_FONT, type Palette } from '../palette.js';

export type Unit = 'percent' | 'bytes' | 'rate';

export interface Line {
  /** Stable, so that an update finds its line again. */
  id: string;
  name: string;
  points: Point[];
  /** Place in the palette; default: its place among the lines. */
  colour?: number;
  look?: 'line' | 'area' | 'dashed';
}

export interface Timeline {
  lines: readonly Line[];
  unit: Unit;
  /** The visible time. */
  shown: Stretch;
  /** The time there is data for: how far a drag can go before more is fetched. */
  loaded: Stretch;
  /** Top of the value axis, where the quantity has one. */
  max?: number;
  /** Fit the axis to the data instead of starting at 0. */
  fitted?: boolean;
}

/** Lines over time; `null` is a gap. The same ids every time, so a chart merges it into what it shows. */
export function timelineOption({ lines, unit, shown, loaded, max, fitted }: Timeline, palette: Palette, f: Format): ChartOption {
  const span = shown.to - shown.from;
  const say = (value: number | null): string => saying(unit, f)(value);
  return {
    animation: false,
    textStyle: { fontFamily: CANVAS_FONT },
    grid: { id: 'grid', left: 4, right: 12, top: 12, bottom: 4, outerBoundsMode: 'same', outerBoundsContain: 'axisLabel' },
    xAxis: {
      id: 'time',
      type: 'time',
      min: loaded.from,
      max: Math.max(loaded.to, shown.to),
      axisLine: { lineStyle: { color: palette.line } },
      axisTick: { show: false },
      axisLabel: { color: palette.muted, hideOverlap: true, fontSize: 11, formatter: (ts: number) => f.axisTime(ts, span) },
      splitLine: { show: false },
    },
    yAxis: {
      id: 'value',
      type: 'value',
      scale: fitted ?? false,
      splitNumber: 4,
      // Finer than a label can say, two ticks would read the same.
      ...(fitted ? { minInterval: unit === 'percent' ? 0.1 : 1 } : valueScale(unit, max ?? greatest(lines))),
      axisLabel: { color: palette.muted, fontSize: 11, formatter: (value: number) => axisSaying(unit, f)(value) },
      splitLine: { lineStyle: { color: palette.line } },
    },
    dataZoom: [
      {
        id: 'zoom',
        type: 'inside',
        startValue: shown.from,
        endValue: shown.to,
        filterMode: 'none',
        // The bare wheel scrolls the page.
        zoomOnMouseWheel: 'ctrl',
        moveOnMouseMove: true,
        moveOnMouseWheel: false,
        preventDefaultMouseMove: false,
        minValueSpan: 60_000,
      },
    ],
    tooltip: {
      trigger: 'axis',
      // Drawn on the canvas: no text of a server can become an element of the page.
      renderMode: 'richText',
      confine: true,
      backgroundColor: palette.surface,
      borderColor: palette.line,
      padding: 8,
      textStyle: { color: palette.text, fontSize: 12, lineHeight: 17, fontFamily: CANVAS_FONT },
      axisPointer: { type: 'line', lineStyle: { color: palette.muted, type: 'dashed' } },
      formatter: (params) => tip(params, span, say, f),
    },
    series: lines.map((line, index) => seriesOf(line, index, palette)),
  };
}

function seriesOf({ id, name, points, look = 'line', colour }: Line, index: number, palette: Palette) {
  const place = colour ?? index;
  const paint = palette.series[place % palette.series.length]!;
  return {
    id,
    name: plainText(name),
    type: 'line' as const,
    data: points,
    showSymbol: false,
    // One point between two gaps would be invisible as a line.
    symbol: 'circle',
    symbolSize: 4,
    connectNulls: false,
    emphasis: { disabled: true },
    color: paint,
    // The second round through the colours is told apart by its dashes.
    lineStyle: { width: look === 'dashed' ? 1.5 : 1.6, type: look === 'dashed' || place >= palette.series.length ? ('dashed' as const) : ('solid' as const) },
    areaStyle: look === 'area' ? { opacity: 0.12 } : undefined,
  };
}

interface TipEntry {
  seriesName?: string;
  marker?: unknown;
  value?: unknown;
}

function tip(params: unknown, span: number, say: (value: number | null) => string, f: Format): string {
  const entries = (Array.isArray(params) ? params : [params]) as TipEntry[];
  const first = entries[0]?.value as Point | undefined;
  if (!first) return '';
  const heading = span > 2 * 86_400_000 ? f.dateTime(first[0]) : f.axisTime(first[0], Math.min(span, 1_000));
  const said = entries.slice(0, MOST_SAID).map((entry) => `${String(entry.marker ?? '')}${entry.seriesName ?? ''}  ${say((entry.value as Point)[1])}`);
  const more = entries.length > MOST_SAID ? [`+ ${f.number(entries.length - MOST_SAID)}`] : [];
  return [heading, ...inRows(said), ...more].join('\n');
}

/** A tooltip is drawn on the chart itself and cannot be higher: many lines stand in pairs, and not more than these are named. */
const MOST_SAID = 14;
const IN_ONE_COLUMN = 6;

function inRows(said: readonly string[]): string[] {
  if (said.length <= IN_ONE_COLUMN) return [...said];
  const rows: string[] = [];
  for (let i = 0; i < said.length; i += 2) rows.push(said.slice(i, i + 2).join('    '));
  return rows;
}

const BINARY = 1024;
/** About this many lines across a chart. */
const TICKS = 4;

/** An axis from 0 whose ticks are round in the unit they are written in: powers of two for sizes, quarters for percent. */
export function valueScale(unit: Unit, max: number): { min: number; max: number; interval: number } {
  if (unit === 'percent') return { min: 0, max: 100, interval: 25 };
  if (max < TICKS) return { min: 0, max: TICKS, interval: 1 };
  const power = Math.floor(Math.log(max) / Math.log(BINARY));
  const base = BINARY ** power;
  const interval = base * 2 ** Math.ceil(Math.log2(max / base / TICKS));
  return { min: 0, max: Math.ceil(max / interval) * interval, interval };
}

function greatest(lines: readonly Line[]): number {
  let most = 0;
  for (const line of lines) for (const [, value] of line.points) if (value !== null && value > most) most = value;
  return most;
}

const saying = (unit: Unit, f: Format) => (value: number | null) =>
  unit === 'percent' ? f.percent(value, 1) : unit === 'bytes' ? f.bytes(value) : f.rate(value);

const axisSaying = (unit: Unit, f: Format) => (value: number) =>
  unit === 'percent' ? f.percent(value, Number.isInteger(value) ? 0 : 1) : `${f.bytes(value, 0)}${unit === 'rate' ? '/s' : ''}`;

/** What a chart says to someone who cannot see it. */
export function extent(points: readonly Point[], { from, to }: Stretch): { last: number; min: number; max: number } | null {
  let found: { last: number; min: number; max: number } | null = null;
  for (const [ts, value] of points) {
    if (value === null || ts < from || ts > to) continue;
    found = found ? { last: value, min: Math.min(found.min, value), max: Math.max(found.max, value) } : { last: value, min: value, max: value };
  }
  return found;
}
