import { describe, expect, it } from 'vitest';
import { createFormat } from '../../format/format.js';
import { PALETTES } from '../palette.js';
import { trendOption, type Trend } from './trend.js';

const f = createFormat('en', 'UTC');
const GIB = 1024 ** 3;
const timeline: Trend['timeline'] = { unit: 'bytes', shown: { from: 0, to: 300 }, loaded: { from: 0, to: 200 }, lines: [{ id: 'hdd_used', name: 'Disk', points: [[0, GIB], [100, null]] }] };
const forecast: Trend['forecast'] = { name: 'Forecast', line: [[200, 10], [300, 20]], low: [[200, 8], [300, 12]], high: [[200, 12], [300, 30]] };
const idsOf = (trend: Trend): string[] => ([trendOption(trend, PALETTES.light, f).series].flat() as { id: string }[]).map(({ id }) => id);

describe('a trend', () => {
  it('has the same series with and without a forecast, so that a merge takes an old one away', () => {
    expect(idsOf({ timeline })).toEqual(idsOf({ timeline, forecast, limit: { name: 'full', value: 50 } }));
  });

  it('stacks the width of the band on its lower edge', () => {
    const series = [trendOption({ timeline, forecast }, PALETTES.light, f).series].flat() as { id: string; data: unknown }[];
    expect(series.find(({ id }) => id === 'band.width')!.data).toEqual([[200, 4], [300, 18]]);
  });

  it('keeps the limit on the axis', () => {
    const { yAxis } = trendOption({ timeline, limit: { name: 'full', value: 300 * GIB } }, PALETTES.light, f) as { yAxis: { max: number } };
    expect(yAxis.max).toBeGreaterThanOrEqual(300 * GIB);
  });

  it('says nothing of the band in a tooltip', () => {
    const { tooltip } = trendOption({ timeline, forecast }, PALETTES.light, f) as unknown as { tooltip: { formatter: (params: unknown) => string } };
    const said = tooltip.formatter([{ seriesId: 'hdd_used', seriesName: 'Disk', marker: '', value: [0, GIB] }, { seriesId: 'band.low', seriesName: 'band.', marker: '', value: [0, 7] }]);
    expect(said).toContain('Disk');
    expect(said).not.toContain('band');
  });
});
