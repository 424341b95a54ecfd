import { describe, expect, it } from 'vitest';
import { createFormat } from '../../format/format.js';
import { PALETTES } from '../palette.js';
import { enlarge } from './enlarge.js';
import { timelineOption } from './timeline.js';

const small = timelineOption({ unit: 'percent', shown: { from: 0, to: 10 }, loaded: { from: 0, to: 10 }, lines: [{ id: 'cpu', name: 'CPU', points: [[0, 1]] }] }, PALETTES.dark, createFormat('en', 'UTC'));

describe('a chart for the wall', () => {
  it('has labels of the wished size and thicker lines, with the same data and ids', () => {
    const large = enlarge(small, 28) as unknown as { xAxis: { axisLabel: { fontSize: number; color: string } }; series: { id: string; data: unknown; color: string; lineStyle: { width: number } }[] };
    expect(large.xAxis.axisLabel).toMatchObject({ fontSize: 28, color: PALETTES.dark.muted });
    expect(large.series[0]).toMatchObject({ id: 'cpu', data: [[0, 1]], lineStyle: { width: 4 } });
  });

  it('waits for no mouse', () => {
    expect(enlarge(small, 28)).toMatchObject({ tooltip: { show: false }, dataZoom: [] });
  });
});
