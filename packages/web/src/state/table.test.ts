import { describe, expect, it } from 'vitest';
import type { FleetRow } from '@vacancy/shared';
import { generateFleet } from '../dev/recording.js';
import { createFormat } from '../format/format.js';
import { createOrdering } from './order.js';
import { choices, COLUMN_KEYS, COLUMNS, filterRows, NO_FILTER, sortRows, stateOf } from './table.js';

const rows: FleetRow[] = (() => {
  const snapshot = generateFleet(24, 1_762_000_000_000).snapshot('fleet');
  return snapshot?.topic === 'fleet' ? snapshot.data.servers : [];
})();
const ids = (list: readonly FleetRow[]): string[] => list.map((row) => row.server);

describe('the filter of the table', () => {
  it('lets everything through when nothing is asked', () => {
    expect(filterRows(rows, NO_FILTER)).toEqual(rows);
  });

  it('wants every word, in any field, in any case', () => {
    expect(ids(filterRows(rows, { ...NO_FILTER, text: '实验室2号 B-205' }))).toEqual(['gpu02']);
    expect(filterRows(rows, { ...NO_FILTER, text: 'GPU02 nowhere' })).toEqual([]);
  });

  it('finds servers by who is on their cards', () => {
    const found = filterRows(rows, { ...NO_FILTER, text: 'alice' });
    expect(found.length).toBeGreaterThan(0);
    for (const row of found) expect(row.gpus.some((card) => card.users.includes('alice'))).toBe(true);
  });

  it('keeps offline servers out of the levels of the index', () => {
    const offline = filterRows(rows, { ...NO_FILTER, state: 'offline' });
    expect(ids(offline)).toEqual(ids(rows.filter((row) => !row.online)));
    for (const level of ['free', 'light', 'busy']) expect(filterRows(rows, { ...NO_FILTER, state: level }).every((row) => row.online)).toBe(true);
  });

  it('offers each place and model once', () => {
    const { locations, models } = choices(rows, 'en');
    expect(new Set(locations).size).toBe(locations.length);
    for (const model of models) expect(filterRows(rows, { ...NO_FILTER, gpu_type: model }).length).toBeGreaterThan(0);
  });
});

describe('the order of the table', () => {
  it('counts in names: 2 before 10', () => {
    const named = ['n10', 'n2', 'n1'].map((name) => ({ ...rows[0]!, server: name, name }));
    expect(ids(sortRows(named, 'name', 'asc', createOrdering('en')))).toEqual(['n1', 'n2', 'n10']);
  });

  it('puts what is not known last in both directions', () => {
    const without = rows.filter((row) => row.gpus.length === 0).length;
    expect(without).toBeGreaterThan(0);
    for (const direction of ['asc', 'desc'] as const) {
      const tail = sortRows(rows, 'gpu_free', direction, createOrdering('en')).slice(-without);
      expect(tail.every((row) => row.gpus.length === 0)).toBe(true);
    }
  });

  it('breaks ties by id in both directions, so that rows do not swap by themselves', () => {
    const equal = ['b', 'a', 'c'].map((server) => ({ ...rows[0]!, server }));
    expect(ids(sortRows(equal, 'cpu', 'desc', createOrdering('en')))).toEqual(['a', 'b', 'c']);
    expect(ids(sortRows(equal, 'cpu', 'asc', createOrdering('en')))).toEqual(['a', 'b', 'c']);
  });

  it('does not touch what it was given', () => {
    const before = [...rows];
    sortRows(rows, 'cpu', 'desc', createOrdering('en'));
    expect(rows).toEqual(before);
  });
});

describe('the columns', () => {
  it('say something of every server, and bars stay within their cell', () => {
    const f = createFormat('en', 'UTC');
    for (const key of COLUMN_KEYS) {
      for (const row of rows) {
        expect(COLUMNS[key].text(row, f, 'free8g'), key).not.toMatch(/NaN|undefined|null|^$/);
        const bar = COLUMNS[key].bar?.(row) ?? 0;
        expect(bar).toBeGreaterThanOrEqual(0);
        expect(bar).toBeLessThanOrEqual(1);
      }
    }
  });

  it('show unknown figures as unknown, not as 0', () => {
    const f = createFormat('en', 'UTC');
    const row = { ...rows[0]!, network_up: null, user_num: null, gpus: [] };
    for (const key of ['network_up', 'user_num', 'gpu_free', 'gpu_utilization', 'gpu_idle'] as const) expect(COLUMNS[key].text(row, f, 'free8g')).toBe('–');
  });

  it('count idle cards and their time by the definition that leads', () => {
    const f = createFormat('en', 'UTC');
    const [first] = rows.filter(({ gpus }) => gpus.length > 1);
    const windows = { ...first!.windows, '60m': { ...first!.windows['60m'], idle_rate: { free8g: 0.75, used10pct: 0.25 } } };
    const row = { ...first!, windows, gpus: first!.gpus.slice(0, 2).map((card, i) => ({ ...card, idle: { free8g: true, used10pct: i === 0 } })) };
    const said = (lead: 'free8g' | 'used10pct') => (['gpu_idle', 'idle_rate'] as const).map((key) => COLUMNS[key].text(row, f, lead));
    expect([said('free8g'), said('used10pct')]).toEqual([['2 / 2', '75%'], ['1 / 2', '25%']]);
    const other = { ...row, server: 'other', windows: { ...windows, '60m': { ...windows['60m'], idle_rate: { free8g: 0.5, used10pct: 0.5 } } } };
    const first_of = (lead: 'free8g' | 'used10pct') => sortRows([row, other], 'idle_rate', 'desc', createOrdering('en'), lead)[0]!.server;
    expect([first_of('free8g'), first_of('used10pct')]).toEqual([row.server, 'other']);
  });

  it('call a silent server offline whatever its last index was', () => {
    expect(stateOf({ ...rows[0]!, online: false, like_index: 'free' })).toBe('offline');
  });
});
