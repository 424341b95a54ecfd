import type { Format } from '../../format/format.js';
import type { Point } from '../../state/history.js';
import { plainText, type ChartOption } from '../option.js';
import type { Palette } from '../palette.js';
import { timelineOption, valueScale, type Timeline } from './timeline.js';

export interface Trend {
  timeline: Timeline;
  /** A line into the future with its interval; all three have the same moments. */
  forecast?: { name: string; line: readonly Point[]; low: readonly Point[]; high: readonly Point[] } | null;
  /** What the quantity cannot exceed, drawn as a line across. */
  limit?: { name: string; value: number } | null;
}

/** Series of the band say nothing in a tooltip. */
const BAND = 'band.';

/** Lines over time with what may come of them: a dashed line, a band around it, and the limit it runs into. */
export function trendOption({ timeline, forecast, limit }: Trend, palette: Palette, f: Format): ChartOption {
  const top = Math.max(limit?.value ?? 0, ...(forecast?.high ?? []).map(([, value]) => Math.min(value ?? 0, limit?.value ?? Infinity)));
  const base = timelineOption(timeline, palette, f);
  const series = [base.series].flat() as NonNullable<Exclude<ChartOption['series'], readonly unknown[]>>[];
  const paint = palette.series[1]!;
  const flat = { type: 'line' as const, showSymbol: false, silent: true, emphasis: { disabled: true } };
  // Always the same series with the same ids: a merge empties what is not there any more.
  const extra = [
    { ...flat, id: `${BAND}low`, name: BAND, stack: 'band', data: [...(forecast?.low ?? [])], lineStyle: { opacity: 0 } },
    {
      ...flat, id: `${BAND}width`, name: BAND, stack: 'band', lineStyle: { opacity: 0 }, areaStyle: { color: paint, opacity: 0.16 },
      data: (forecast?.low ?? []).map(([ts, low], i): Point => [ts, (forecast!.high[i]![1] ?? 0) - (low ?? 0)]),
    },
    {
      ...flat, id: 'forecast', name: plainText(forecast?.name ?? ''), data: [...(forecast?.line ?? [])], color: paint, lineStyle: { width: 1.6, type: 'dashed' as const },
      markLine: {
        symbol: 'none', silent: true, animation: false,
        data: limit ? [{ yAxis: limit.value }] : [],
        lineStyle: { color: palette.muted, type: 'solid' as const, width: 1 },
        label: { formatter: limit ? plainText(limit.name) : '', position: 'insideStartTop' as const, color: palette.muted, fontSize: 11 },
      },
    },
  ];
  const tooltip = base.tooltip as { formatter: (params: unknown) => string };
  return {
    ...base,
    ...(top > 0 && timeline.unit !== 'percent' && { yAxis: { ...(base.yAxis as object), ...valueScale(timeline.unit, top) } }),
    series: [...series, ...extra] as ChartOption['series'],
    tooltip: { ...(base.tooltip as object), formatter: (params: unknown) => tooltip.formatter(withoutBand(params)) },
  } as ChartOption;
}

const withoutBand = (params: unknown): unknown => (Array.isArray(params) ? params.filter((entry: { seriesId?: string }) => !entry.seriesId?.startsWith(BAND)) : params);
