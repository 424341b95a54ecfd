import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE } from '@vacancy/shared';
import { parseRange, parseSpan, PRESETS, rangeOf, rangeQuery, shift, spanText, stretchOf, withMargin, zoom } from './range.js';

const NOW = 1_762_000_000_000;

describe('a range in the address', () => {
  it('comes back as it was written', () => {
    const live = fc.integer({ min: 1, max: 60 * 24 * 400 }).map((minutes) => ({ kind: 'live' as const, span_ms: minutes * MINUTE }));
    const fixed = fc.tuple(fc.integer({ min: 0, max: NOW }), fc.integer({ min: MINUTE, max: 1000 * DAY })).map(([from, length]) => ({ kind: 'fixed' as const, from, to: from + length }));
    fc.assert(fc.property(fc.oneof(live, fixed), (range) => void expect(parseRange(rangeQuery(range, '1h'), '1h')).toEqual(range)), { numRuns: 300 });
  });

  it.each([{ span: 'x' }, { span: '0m' }, { span: '99999y' }, { from: '5', to: '1' }, { from: 'NaN', to: '7' }, { span: ['1h', '2h'] }, {}])('falls back on what makes no sense: %j', (query) => {
    expect(parseRange(query, '6h')).toEqual({ kind: 'live', span_ms: 6 * HOUR });
  });

  it('writes every preset as itself', () => {
    for (const preset of PRESETS) expect(spanText(parseSpan(preset)!)).toBe(preset);
  });
});

describe('moving through time', () => {
  const hour = stretchOf({ kind: 'live', span_ms: HOUR }, NOW);

  it('goes on live when it reaches to now, and stands still when not', () => {
    expect(rangeOf({ from: NOW - 2 * HOUR, to: NOW - 1_000 }, NOW)).toEqual({ kind: 'live', span_ms: 2 * HOUR });
    expect(rangeOf({ from: NOW - 2 * HOUR, to: NOW - HOUR }, NOW)).toEqual({ kind: 'fixed', from: NOW - 2 * HOUR, to: NOW - HOUR });
  });

  it('never passes now', () => {
    expect(shift(hour, 1, NOW)).toEqual(hour);
    expect(shift(stretchOf({ kind: 'fixed', from: NOW - 90 * MINUTE, to: NOW - 30 * MINUTE }, NOW), 2, NOW).to).toBe(NOW);
    expect(withMargin(hour, NOW)).toEqual({ from: NOW - 1.5 * HOUR, to: NOW });
  });

  it('zooms around now when it shows now, else around its middle', () => {
    expect(zoom(hour, 2, NOW)).toEqual({ from: NOW - 2 * HOUR, to: NOW });
    const past = { from: NOW - 11 * HOUR, to: NOW - 10 * HOUR };
    expect(zoom(past, 0.5, NOW)).toEqual({ from: NOW - 10.75 * HOUR, to: NOW - 10.25 * HOUR });
  });

  it('does not zoom into nothing', () => {
    expect(zoom({ from: NOW - MINUTE, to: NOW }, 0.1, NOW)).toEqual({ from: NOW - MINUTE, to: NOW });
  });
});
