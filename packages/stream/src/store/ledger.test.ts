import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MINUTE, SECOND } from '@vacancy/shared';
import { NO_INCREASE, increase, type Increase } from '../ingest/counters.js';
import type { Received } from '../ingest/decode.js';
import { Ledger, type Booked, type LedgerState } from './ledger.js';

const sample = (fields: Partial<Received>): Received => ({
  v: 1, server: 'gpu01', boot_id: 'a', seq: 0, ts: 0, interval_ms: 1000, uptime_s: 0, cpu: 0, memory_total: 1, memory_used: 0,
  hdd_total: 1, hdd_used: 0, network_in: 0, network_out: 0, gpus: [], stream_seq: 0, received_ts: 0, skewed: false, ...fields,
});

/** Runs of an agent one after the other; counters may begin again with a run, or within one with or without a reboot. */
const history = fc
  .array(
    fc.record({
      steps: fc.array(fc.record({ skip: fc.boolean(), in: fc.nat(1000), out: fc.nat(1000), reset: fc.constantFrom('no', 'no', 'no', 'reboot', 'odd') }), { minLength: 1, maxLength: 12 }),
      fresh: fc.boolean(),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((runs) => {
    const list: Received[] = [];
    let [ts, network_in, network_out, uptime_s] = [1_000_000, 5000, 7000, 100];
    runs.forEach(({ steps, fresh }, run) => {
      if (fresh) [network_in, network_out, uptime_s] = [10, 20, 1];
      steps.forEach((step, i) => {
        if (step.reset === 'reboot') [network_in, network_out, uptime_s] = [3, 4, 0];
        if (step.reset === 'odd') [network_in, network_out] = [1, 2];
        ts += 1000;
        uptime_s += 1;
        network_in += step.in;
        network_out += step.out;
        if (!step.skip) list.push(sample({ boot_id: `run${run}`, seq: i + 1, ts, uptime_s, network_in, network_out }));
      });
    });
    return list;
  });

/** Each sample's increase when the whole list is known and in order. */
function oracle(list: readonly Received[]): Map<string, Increase> {
  return new Map(list.map((now, i) => [nameOf(now), i === 0 ? NO_INCREASE : increase(list[i - 1]!, now)]));
}

const nameOf = ({ boot_id, seq }: { boot_id: string; seq: number }) => `${boot_id}:${seq}`;

function bookAll(arrivals: readonly Received[]): Map<string, Increase> {
  const booked = new Map<string, Increase>();
  let state: LedgerState | undefined;
  for (const arrival of arrivals) {
    // Through its serialised state every time, as after a restart.
    const ledger = new Ledger(state);
    const booking = ledger.book(arrival);
    state = JSON.parse(JSON.stringify(ledger.state())) as LedgerState;
    if (typeof booking === 'string') continue;
    booked.set(nameOf(arrival), add(NO_INCREASE, booking));
    for (const correction of booking.corrections) booked.set(nameOf(correction), add(booked.get(nameOf(correction))!, correction));
  }
  return booked;
}

const add = (a: Increase, b: Increase): Increase => ({
  network_down_bytes: a.network_down_bytes + b.network_down_bytes,
  network_up_bytes: a.network_up_bytes + b.network_up_bytes,
  network_down_known_ms: a.network_down_known_ms + b.network_down_known_ms,
  network_up_known_ms: a.network_up_known_ms + b.network_up_known_ms,
});

const shuffledTwice = history.chain((list) =>
  fc.tuple(fc.constant(list), fc.shuffledSubarray([...list, ...list], { minLength: 2 * list.length, maxLength: 2 * list.length })));

describe('the ledger', () => {
  it('books of each sample the increase that it has in the whole list, and its time, in whatever order and however often they come', () => {
    fc.assert(
      fc.property(shuffledTwice, ([list, arrivals]) => {
        expect(bookAll(arrivals)).toEqual(oracle(list));
      }),
      { numRuns: 500 },
    );
  });

  it('takes no time back from what was stored without any', () => {
    const before = new Ledger();
    before.book(sample({ seq: 1, ts: 1000, network_out: 10 }));
    before.book(sample({ seq: 9, ts: 9000, network_out: 90 }));
    // As the version before left it.
    const state = JSON.parse(JSON.stringify(before.state(), (key, value: unknown) => (key === 'timed' ? undefined : value))) as LedgerState;
    const ledger = new Ledger(state);
    expect(ledger.book(sample({ seq: 5, ts: 5000, network_out: 40 }))).toMatchObject({
      network_up_bytes: 30, network_up_known_ms: 4000, corrections: [{ seq: 9, network_up_bytes: -30, network_up_known_ms: 0, network_down_known_ms: 0 }],
    });
    // The one after that has its time.
    ledger.book(sample({ seq: 20, ts: 20_000, network_out: 200 }));
    expect(ledger.book(sample({ seq: 15, ts: 15_000, network_out: 150 }))).toMatchObject({ corrections: [{ seq: 20, network_up_known_ms: -6000 }] });
  });

  it('stores each sample once', () => {
    fc.assert(
      fc.property(shuffledTwice, ([list, arrivals]) => {
        const ledger = new Ledger();
        const stored = arrivals.map((arrival) => ledger.book(arrival)).filter((booking): booking is Booked => typeof booking === 'object');
        expect(stored.map((row) => nameOf(row.sample)).sort()).toEqual(list.map(nameOf).sort());
      }),
    );
  });

  it('counts what is missing between the first and the last of a run', () => {
    const ledger = new Ledger();
    for (const seq of [5, 6, 9, 20]) ledger.book(sample({ seq }));
    expect(ledger.missing()).toEqual({ gpu01: 2 + 10 });
    ledger.book(sample({ seq: 7 }));
    expect(ledger.missing()).toEqual({ gpu01: 1 + 10 });
  });

  it('forgets the oldest gap when there are too many, and says so of what comes for it', () => {
    const ledger = new Ledger(undefined, { runs_per_server: 2, intervals_per_run: 3 });
    for (const seq of [1, 3, 5, 7]) ledger.book(sample({ seq }));
    expect(ledger.book(sample({ seq: 2 }))).toBe('forgotten');
    expect(ledger.book(sample({ seq: 4 }))).toMatchObject({ sample: { seq: 4 } });
    expect(ledger.book(sample({ seq: 4 }))).toBe('duplicate');
  });

  it('forgets the oldest run when a server has too many', () => {
    const ledger = new Ledger(undefined, { runs_per_server: 2, intervals_per_run: 3 });
    for (const run of [1, 2, 3]) ledger.book(sample({ boot_id: `run${run}`, ts: run * 1000 }));
    expect(ledger.book(sample({ boot_id: 'run1', ts: 1000 }))).toBe('forgotten');
  });
});

describe('a card is occupied but idle', () => {
  const GIB = 2 ** 30;
  const at = (second: number, utilization: number | undefined, memory_used = 4 * GIB) =>
    sample({ seq: second, ts: second * SECOND, gpus: [{ id: 0, memory_total: 24 * GIB, memory_used, ...(utilization !== undefined && { utilization }) }] });
  const judge = (ledger: Ledger, received: Received) => (ledger.book(received) as Booked).occupied_idle[0];

  it('once five minutes long memory was held and nothing ran', () => {
    const ledger = new Ledger();
    const flags = Array.from({ length: 400 }, (_, i) => judge(ledger, at(i + 1, 0)));
    expect(flags.indexOf(true)).toBe((5 * MINUTE) / SECOND - 1);
    expect(flags.slice(299).every(Boolean)).toBe(true);
  });

  it.each([['work is done', at(200, 5)], ['its memory is free', at(200, 0, 1 * GIB)], ['its utilisation is not known', at(200, undefined)]])(
    'not while %s', (_, interruption) => {
      const ledger = new Ledger();
      for (let i = 1; i < 200; i++) judge(ledger, at(i, 0));
      expect(judge(ledger, interruption)).toBe(false);
      for (let i = 201; i < 500; i++) expect(judge(ledger, at(i, 0))).toBe(false);
      expect(judge(ledger, at(500, 0))).toBe(true);
    });

  it('not by a late sample that ends before it began', () => {
    const ledger = new Ledger();
    judge(ledger, at(1000, 50));
    judge(ledger, at(10, 0));
    expect(judge(ledger, at(1001, 0))).toBe(false);
  });

  it('in a backlog that arrives beside the live samples of another run', () => {
    const ledger = new Ledger();
    const flags: (boolean | undefined)[] = [];
    for (let i = 1; i <= 400; i++) {
      judge(ledger, { ...at(10_000 + i, 90), boot_id: 'live' });
      flags.push(judge(ledger, { ...at(i, 0), boot_id: 'backlog' }));
    }
    expect(flags.indexOf(true)).toBe((5 * MINUTE) / SECOND - 1);
  });

  it('across a restart of its agent', () => {
    const ledger = new Ledger();
    for (let i = 1; i <= 290; i++) judge(ledger, at(i, 0));
    const flags = Array.from({ length: 20 }, (_, i) => judge(ledger, { ...at(291 + i, 0), boot_id: 'after', seq: i }));
    expect(flags.indexOf(true)).toBe(9);
  });
});
