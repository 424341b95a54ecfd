import { describe, expect, it } from 'vitest';
import { createFormat } from '../../format/format.js';
import { PALETTES } from '../palette.js';
import { extent, timelineOption, valueScale, type Timeline } from './timeline.js';

const f = createFormat('en', 'UTC');
const GIB = 1024 ** 3;
const base: Timeline = { unit: 'percent', shown: { from: 1_000, to: 2_000 }, loaded: { from: 0, to: 2_000 }, lines: [{ id: 'cpu', name: 'CPU', points: [[1_000, 5], [1_500, null], [2_000, 7]] }] };

interface Tip {
  renderMode: string;
  formatter: (params: unknown) => string;
}
const tooltipOf = (timeline: Timeline): Tip => timelineOption(timeline, PALETTES.dark, f).tooltip as unknown as Tip;

describe('lines over time', () => {
  it('carry ids, so that an update merges and nothing is cleared', () => {
    const option = timelineOption(base, PALETTES.light, f);
    expect([option.xAxis, option.yAxis, option.dataZoom, option.series].flat().every((part) => typeof part?.id === 'string')).toBe(true);
  });

  it('leave gaps open', () => {
    const [series] = [timelineOption(base, PALETTES.light, f).series].flat();
    expect(series).toMatchObject({ connectNulls: false, data: [[1_000, 5], [1_500, null], [2_000, 7]] });
  });

  it('span what was loaded and show what was asked for', () => {
    expect(timelineOption(base, PALETTES.light, f)).toMatchObject({ xAxis: { min: 0, max: 2_000 }, dataZoom: [{ startValue: 1_000, endValue: 2_000 }] });
  });

  it('take their colours from the theme', () => {
    const colours = (['light', 'dark'] as const).map((theme) => [timelineOption(base, PALETTES[theme], f).series].flat()[0]!.color);
    expect(colours).toEqual([PALETTES.light.series[0], PALETTES.dark.series[0]]);
  });

  it('are told apart beyond the last colour', () => {
    const lines = Array.from({ length: 9 }, (_, i) => ({ id: String(i), name: String(i), points: [] }));
    const series = [timelineOption({ ...base, lines }, PALETTES.light, f).series].flat() as { color: string; lineStyle: { type: string } }[];
    expect(new Set(series.map((line) => `${line.color} ${line.lineStyle.type}`)).size).toBe(9);
  });
});

describe('a tooltip', () => {
  it('is drawn as text, never as HTML', () => {
    expect(tooltipOf(base).renderMode).toBe('richText');
  });

  it('says unknown where the line has a gap', () => {
    expect(tooltipOf(base).formatter([{ seriesName: 'CPU', marker: '', value: [1_500, null] }])).toMatch(/CPU {2}–$/);
  });

  it('stays lower than its chart, however many cards a server has', () => {
    const entries = Array.from({ length: 64 }, (_, i) => ({ seriesName: `Card ${i}`, marker: '', value: [1_500, i] }));
    const text = tooltipOf(base).formatter(entries);
    expect(text.split('\n').length).toBeLessThanOrEqual(9);
    expect(text).toMatch(/\+ 50$/);
  });

  it('takes the markup out of names from outside', () => {
    const [series] = [timelineOption({ ...base, lines: [{ ...base.lines[0]!, name: '{evil|<img>}' }] }, PALETTES.light, f).series].flat();
    expect(series!.name).not.toMatch(/[{}|]/);
  });
});

describe('the value axis', () => {
  it.each([[256 * GIB, 64 * GIB, 256 * GIB], [11 * GIB, 4 * GIB, 12 * GIB], [700, 256, 768], [0, 1, 4]])('of sizes up to %i has ticks that are round in binary units', (max, interval, top) => {
    expect(valueScale('bytes', max)).toEqual({ min: 0, interval, max: top });
  });

  it('never cuts a line off', () => {
    for (let max = 1; max < 1e14; max *= 1.37) {
      const scale = valueScale('rate', max);
      expect(scale.max).toBeGreaterThanOrEqual(max);
      expect(scale.max / scale.interval).toBeLessThanOrEqual(5);
    }
  });
});

describe('the summary of a line', () => {
  it('counts only what is shown and known', () => {
    expect(extent([[0, 99], [1_000, 5], [1_500, null], [2_000, 7]], base.shown)).toEqual({ last: 7, min: 5, max: 7 });
    expect(extent([[0, 99]], base.shown)).toBeNull();
  });
});
