import { expect, it } from 'vitest';
import { DAY, HOUR, MINUTE } from '@vacancy/shared';
import { DEFAULT_RETENTION } from '../settings.js';
import { gridOf, planSteps } from './steps.js';

const now = Date.UTC(2026, 5, 1);
const plan = (from: number, to: number, step?: number) => planSteps({ from, to, step }, DEFAULT_RETENTION, now);

it.each([
  ['an hour from the samples', plan(now - HOUR, now), 'raw', 5_000],
  ['a day from the minutes', plan(now - DAY, now), 'minute', 2 * MINUTE],
  ['a month from the hours', plan(now - 30 * DAY, now), 'hour', HOUR],
  ['an hour of last month from the minutes', plan(now - 30 * DAY, now - 30 * DAY + HOUR), 'minute', MINUTE],
  ['five years from the days', plan(now - 1800 * DAY, now), 'day', DAY],
  ['as wide as asked for', plan(now - HOUR, now, 10 * MINUTE), 'minute', 10 * MINUTE],
  ['never narrower than asked for', plan(now - HOUR, now, 7 * MINUTE), 'minute', 10 * MINUTE],
])('%s', (_, { level, step_ms }, expected, width) => {
  expect([level, step_ms]).toEqual([expected, width]);
});

it('begins hours where local ones do', () => {
  const from = Date.UTC(2026, 5, 1, 12, 0);
  const offset = 5.75 * HOUR;
  expect(gridOf({ level: 'hour', step_ms: HOUR }, from, from + HOUR, offset)).toEqual([Date.UTC(2026, 5, 1, 11, 15), Date.UTC(2026, 5, 1, 12, 15)]);
});
