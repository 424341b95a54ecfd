import type { ChartOption } from '../option.js';

interface Axis {
  axisLabel?: object;
}

/** The same chart for eyes five metres away: labels of `px`, thick lines, nothing that waits for a mouse. */
export function enlarge(option: ChartOption, px: number): ChartOption {
  const axis = (one: unknown): object => ({ ...(one as object), axisLabel: { ...(one as Axis).axisLabel, fontSize: px, margin: px / 2 } });
  return {
    ...option,
    xAxis: axis(option.xAxis),
    yAxis: axis(option.yAxis),
    tooltip: { show: false },
    dataZoom: [],
    grid: { ...(option.grid as object), right: px * 2, top: px },
    series: [option.series].flat().map((line) => ({ ...line, lineStyle: { ...(line as { lineStyle?: object }).lineStyle, width: Math.max(2, px / 7) } })),
  } as ChartOption;
}
