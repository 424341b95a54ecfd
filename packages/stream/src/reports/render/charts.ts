import { BarChart, HeatmapChart, LineChart } from 'echarts/charts';
import { GridComponent, LegendComponent, VisualMapComponent } from 'echarts/components';
import * as echarts from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { DateTime } from 'luxon';
import type { Period, Report } from '@vacancy/shared';
import { bytes, idleTerms } from './format.js';
import { Html, trusted } from './markup.js';
import type { Words } from './words.js';

echarts.use([LineChart, BarChart, HeatmapChart, GridComponent, LegendComponent, VisualMapComponent, SVGRenderer]);

const WIDTH = 720;
const TEXT = { color: '#46535f', fontFamily: 'sans-serif', fontSize: 11 };
const COLORS = { blue: '#0b5fb8', orange: '#b3541e', green: '#0a6b50', grey: '#7a8794' };

interface Line {
  readonly name: string;
  readonly data: readonly (number | null)[];
  readonly color: string;
  readonly dashed?: boolean;
}

/** The fleet's curves as SVG text. Nothing in them comes from a server but numbers. */
export function trendCharts({ period, trends, timezone, idle }: Report, words: Words): { title: string; svg: Html }[] {
  const axis = timeAxis(period, trends.ts, timezone);
  const percent = (values: readonly (number | null)[]) => values.map((value) => (value === null ? null : 100 * value));
  const chart = (title: string, lines: Line[], value: Value) => ({ title, svg: lineChart(axis, lines, value) });
  return [
    chart(words.cpu_mean, [{ name: words.cpu_mean, data: trends.cpu_mean, color: COLORS.blue }], PERCENT),
    chart(words.idle_rate, [
      { name: words.free8g(idleTerms(idle).size), data: percent(trends.gpu_idle_rate), color: COLORS.green },
      { name: words.used10pct(idleTerms(idle).part), data: percent(trends.gpu_idle_rate_used10pct), color: COLORS.orange, dashed: true },
    ], PERCENT),
    chart(words.memory_used, [{ name: words.memory_used, data: trends.memory_used, color: COLORS.blue }], BYTES),
    chart(words.hdd_used, [{ name: words.hdd_used, data: trends.hdd_used, color: COLORS.grey }], { ...BYTES, scale: true }),
    chart(words.network, [
      { name: words.network_down, data: trends.network_down, color: COLORS.blue },
      { name: words.network_up, data: trends.network_up, color: COLORS.orange, dashed: true },
    ], { ...BYTES, format: (value) => `${bytes(value)}/s` }),
    chart(words.coverage, [{ name: words.coverage, data: percent(trends.coverage), color: COLORS.grey }], PERCENT),
  ];
}

interface Value {
  readonly format: (value: number) => string;
  readonly max?: number;
  readonly scale?: boolean;
  /** Bytes get axis steps that are round in their unit. */
  readonly binary?: boolean;
}
const PERCENT: Value = { format: (value) => `${value}%`, max: 100 };
const BYTES: Value = { format: bytes, binary: true };

function lineChart(x: TimeAxis, lines: readonly Line[], value: Value): Html {
  const known = lines.flatMap((line) => line.data.filter((point): point is number => point !== null));
  return draw(WIDTH / 2, 190, {
    grid: { left: 62, right: 12, top: lines.length > 1 ? 30 : 12, bottom: 26 },
    legend: lines.length > 1 ? { top: 0, left: 55, itemWidth: 18, itemHeight: 8, itemGap: 22, textStyle: TEXT, selectedMode: false } : undefined,
    xAxis: { type: 'category', data: [...x.labels], boundaryGap: false, axisLine: { lineStyle: { color: '#b9c3cf' } }, axisTick: { show: false }, axisLabel: { ...TEXT, interval: (i: number) => x.ticks.has(i), hideOverlap: true } },
    yAxis: { type: 'value', min: value.scale ? undefined : 0, scale: value.scale, max: value.max, ...(value.binary ? steps(known, value.scale) : { interval: 25 }), splitLine: { lineStyle: { color: '#e7ebf0' } }, axisLabel: { ...TEXT, formatter: (tick: number) => value.format(tick) } },
    series: lines.map(({ name, data, color, dashed }) => ({
      type: 'line', name, data: [...data], color, symbol: 'circle', showSymbol: known.length <= 64 * lines.length, symbolSize: 4, connectNulls: false, sampling: undefined,
      lineStyle: { width: data.length > 200 ? 1 : 1.6, type: dashed ? 'dashed' : 'solid' },
    })),
  });
}

/** Four steps of 1, 2, 4 or 8 … times a power of 1024: 256 GiB, not 214.7 GB. */
function steps(values: readonly number[], scale = false): { min: number; max: number; interval: number } | object {
  if (values.length === 0) return {};
  const high = Math.max(...values);
  const low = scale ? Math.min(...values) : 0;
  const interval = 2 ** Math.ceil(Math.log2(Math.max(high - low, high / 64, 4) / 4));
  return { min: Math.floor(low / interval) * interval, max: Math.ceil((high || 1) / interval) * interval, interval };
}

interface TimeAxis {
  readonly labels: readonly string[];
  /** Which of them are written. */
  readonly ticks: ReadonlySet<number>;
}

const AXIS: Record<Period, { format: string; tick: (local: DateTime) => boolean }> = {
  day: { format: 'HH:mm', tick: (local) => local.minute === 0 && local.hour % 4 === 0 },
  week: { format: 'MM-dd', tick: (local) => local.hour === 0 },
  month: { format: 'dd', tick: (local) => local.day % 3 === 1 },
  year: { format: 'MM', tick: () => true },
};

function timeAxis(period: Period, ts: readonly number[], timezone: string): TimeAxis {
  const { format, tick } = AXIS[period];
  const locals = ts.map((start) => DateTime.fromMillis(start, { zone: timezone }));
  return { labels: locals.map((local) => local.toFormat(format)), ticks: new Set(locals.flatMap((local, i) => (tick(local) ? [i] : []))) };
}

/** Hours of the day against weekdays. The colours go from the least to the greatest value that there is: a fleet at 20 % has its hours, too. */
export function heatmapChart({ heatmap }: Report, words: Words): Html {
  const known = heatmap.flat().filter((cell) => cell !== null);
  const [min, max] = [Math.floor(Math.min(...known)), Math.ceil(Math.max(...known))];
  const data = heatmap.flatMap((hours, day) => hours.map((cell, hour) => [hour, day, cell === null ? '-' : Math.round(cell)]));
  return draw(WIDTH, 230, {
    grid: { left: 44, right: 12, top: 4, bottom: 52 },
    xAxis: { type: 'category', data: Array.from({ length: 24 }, (_, hour) => String(hour)), axisLine: { show: false }, axisTick: { show: false }, axisLabel: { ...TEXT, interval: 0 } },
    yAxis: { type: 'category', inverse: true, data: [...words.weekdays], axisLine: { show: false }, axisTick: { show: false }, axisLabel: TEXT },
    visualMap: { type: 'continuous', min, max, calculable: false, orient: 'horizontal', left: 'center', bottom: 0, itemWidth: 10, itemHeight: 140, text: [`${max}%`, `${min}%`], textStyle: TEXT, inRange: { color: ['#f4f8fc', '#cfe0f3', '#9cc3ec', '#f5cf9f', '#ec9a5f'] } },
    series: [{ type: 'heatmap', data, itemStyle: { borderColor: '#fff', borderWidth: 1 }, label: { show: true, fontSize: 9, fontFamily: 'sans-serif', color: '#1b2733' } }],
  });
}

function draw(width: number, height: number, option: object): Html {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height });
  try {
    chart.setOption({ animation: false, ...option });
    // Its own size would not shrink on a phone; the view box keeps the proportions.
    return trusted(chart.renderToSVGString().replace(/<svg width="[^"]*" height="[^"]*"/, '<svg role="img" width="100%"'));
  } finally {
    chart.dispose();
  }
}
