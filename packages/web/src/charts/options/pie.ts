import { plainText, type ChartOption } from '../option.js';
import type { Palette } from '../palette.js';

export interface Pie {
  used: number;
  total: number;
  usedName: string;
  freeName: string;
}

/** Used and free as a ring; the figures are written beside it, so it needs no tooltip. */
export function pieOption({ used, total, usedName, freeName }: Pie, palette: Palette): ChartOption {
  const full = total > 0 && used / total >= 0.9;
  return {
    animation: false,
    series: [
      {
        id: 'pie',
        type: 'pie',
        radius: ['68%', '96%'],
        silent: true,
        label: { show: false },
        labelLine: { show: false },
        itemStyle: { borderColor: palette.surface, borderWidth: 2 },
        data: [
          { name: plainText(usedName), value: used, itemStyle: { color: full ? palette.series[1] : palette.series[0] } },
          { name: plainText(freeName), value: Math.max(0, total - used), itemStyle: { color: palette.line } },
        ],
      },
    ],
  };
}
