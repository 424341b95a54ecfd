import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createOrdering, createPlaces, sortBy } from './order.js';

const texts = fc.array(fc.oneof(fc.string({ maxLength: 4 }), fc.constantFrom('gpu2', 'gpu10', 'gpu02', '实验室2号', '实验室10号', 'Ä', 'a', 'A')), { maxLength: 20 });

describe('places of texts', () => {
  it('are the order of the language, whatever was asked before', () => {
    fc.assert(
      fc.property(texts, texts, fc.constantFrom('en', 'zh-CN'), (before, now, locale) => {
        const { compare } = new Intl.Collator(locale, { numeric: true });
        const places = createPlaces(locale);
        places(before);
        const found = places(now);
        for (const a of now) for (const b of now) expect(Math.sign(found.get(a)! - found.get(b)!)).toBe(Math.sign(compare(a, b)));
      }),
    );
  });

  it('are worked out once for the same texts', () => {
    const places = createPlaces('en');
    expect(places(['b', 'a'])).toBe(places(['a']));
    expect(places(['b', 'a'])).not.toBe(places(['c']));
  });
});

describe('sorting', () => {
  const ordering = createOrdering('en');
  const sorted = (values: (string | number | null)[], direction: 'asc' | 'desc'): unknown[] => sortBy(values.map((value, i) => ({ value, id: `n${i}` })), ({ value }) => value, ({ id }) => id, direction, ordering).map(({ value }) => value);

  it('counts in texts, and puts what is not known last in both directions', () => {
    expect(sorted(['n10', null, 'n2', 'n1'], 'asc')).toEqual(['n1', 'n2', 'n10', null]);
    expect(sorted(['n10', null, 'n2', 'n1'], 'desc')).toEqual(['n10', 'n2', 'n1', null]);
    expect(sorted([10, null, 2], 'asc')).toEqual([2, 10, null]);
  });

  it('breaks ties by id in both directions', () => {
    const same = ['n10', 'n9', 'n1'].map((id) => ({ id, value: 'x' }));
    for (const direction of ['asc', 'desc'] as const) expect(sortBy(same, ({ value }) => value, ({ id }) => id, direction, ordering).map(({ id }) => id)).toEqual(['n1', 'n9', 'n10']);
  });
});
