import type { LineSeriesOption, PieSeriesOption } from 'echarts/charts';
import type { DataZoomComponentOption, GridComponentOption, MarkLineComponentOption, TooltipComponentOption } from 'echarts/components';
import type { ComposeOption } from 'echarts/core';

/** What an option may hold: what `echarts.ts` has registered. */
export type ChartOption = ComposeOption<
  LineSeriesOption | PieSeriesOption | GridComponentOption | TooltipComponentOption | DataZoomComponentOption | MarkLineComponentOption
>;

/** `{style|text}` is markup in a chart's text; names from outside lose the signs that make it. */
export const plainText = (text: string): string => text.replace(/[{}|]/g, ' ');
