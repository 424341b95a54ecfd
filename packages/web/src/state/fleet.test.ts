import { describe, expect, it } from 'vitest';
import { diffRow, type FleetRow, type RowDelta } from '@vacancy/shared';
import { generateFleet } from '../dev/recording.js';
import { FleetState } from './fleet.js';

const start = 1_762_000_000_000;

function started(size = 5) {
  const recording = generateFleet(size, start);
  const state = new FleetState();
  const snapshot = recording.snapshot('fleet');
  if (snapshot?.topic !== 'fleet') throw new Error('the recording has a fleet');
  state.snapshot(snapshot);
  return { recording, state, first: snapshot.data };
}

describe('the state of the fleet', () => {
  it('holds what the snapshot said', () => {
    const { state, first } = started();
    expect([...state.rows.values()]).toEqual(first.servers);
    expect(state.overview).toEqual(first.overview);
  });

  it('is, after any number of deltas, what a fresh snapshot would say', () => {
    const { recording, state } = started(12);
    for (let i = 0; i < 40; i++) {
      recording.advance();
      const delta = recording.next('fleet');
      if (delta?.topic === 'fleet') state.delta(delta);
    }
    const fresh = recording.snapshot('fleet');
    expect([...state.rows.values()]).toEqual(fresh?.topic === 'fleet' && fresh.data.servers);
  });

  it('keeps the object of a row that did not change and replaces that of one that did', () => {
    const { state } = started();
    const [a, b] = [...state.rows.values()] as [FleetRow, FleetRow];
    state.delta({ topic: 'fleet', ts: start + 1, data: { servers: [diffRow(a, { ...a, cpu: 99 })!] } });
    expect(state.rows.get(b.server)).toBe(b);
    expect(state.rows.get(a.server)).not.toBe(a);
    expect(state.rows.get(a.server)).toEqual({ ...a, cpu: 99 });
  });

  it('adds a server that a delta brings whole, and drops one that is removed', () => {
    const { state, first } = started();
    const added = { ...first.servers[0]!, server: 'new', name: 'new' };
    state.delta({ topic: 'fleet', ts: start + 1, data: { servers: [added], removed: [first.servers[1]!.server] } });
    expect(state.rows.get('new')).toEqual(added);
    expect(state.rows.has(first.servers[1]!.server)).toBe(false);
  });

  it('has another cast when a server comes, goes, moves or is renamed, or a card does, and not when a figure changes', () => {
    const { state } = started();
    let cast = state.cast;
    const row = [...state.rows.values()].find(({ gpus }) => gpus.length > 1)!;
    const turn = (servers: (RowDelta<FleetRow> & { server: string })[], removed: string[] = []): boolean => {
      state.delta({ topic: 'fleet', ts: start + 1, data: { servers, removed } });
      const changed = state.cast !== cast;
      cast = state.cast;
      return changed;
    };
    const now = (): FleetRow => state.rows.get(row.server)!;
    const becomes = (changes: Partial<FleetRow>): boolean => turn([diffRow(now(), { ...now(), ...changes })!]);
    expect(becomes({ cpu: 99, gpus: row.gpus.map((card) => ({ ...card, memory_used: 1 })) })).toBe(false);
    expect(becomes({ name: 'renamed' })).toBe(true);
    expect(becomes({ location: 'elsewhere' })).toBe(true);
    expect(becomes({ gpus: now().gpus.slice(1) })).toBe(true);
    expect(becomes({ gpus: now().gpus.map((card) => ({ ...card, gpu_type: 'another' })) })).toBe(true);
    expect(turn([{ ...row, server: 'new' }])).toBe(true);
    expect(turn([], ['new'])).toBe(true);
    expect(turn([], ['new'])).toBe(false);
  });

  it('drops a delta that came before any snapshot', () => {
    const state = new FleetState();
    state.delta({ topic: 'fleet', ts: 1, data: { servers: [{ server: 'a', cpu: 1 }] } });
    expect(state.rows.size).toBe(0);
    expect(state.ts).toBeNull();
  });
});
