import { ManualClock, type GpuSample } from '@vacancy/shared/plain';
import { decodeSample, sampleSubject } from '@vacancy/shared';
import { describe, expect, it } from 'vitest';
import { Runner } from './collect/collector.js';
import type { GpuSource } from './collect/gpu-source.js';
import type { Reading } from './publish/spool.js';
import { Sampler, observedTime, type Runners } from './sampler.js';

const START = 1_762_000_000_000;

async function sampler(options: { broken?: keyof Runners; gpus?: readonly GpuSample[]; details_ms?: number | null } = {}) {
  const clock = new ManualClock(START);
  const readings: Reading[] = [];
  const missed: string[][] = [];
  const runner = <T>(name: keyof Runners, cadence_ms: number, value: T) =>
    new Runner<T>({ name, cadence_ms, collect: async () => { if (options.broken === name) throw new Error(`${name} is broken`); return value; } }, 500, clock);
  const runners: Runners = {
    cpu: runner('cpu', 0, { cpu: 31.9, cpu_cores_used: [20, 43.8] }),
    memory: runner('memory', 0, { memory_total: 1000, memory_used: 400, swap_total: 0, swap_used: 0 }),
    host: runner('host', 0, { uptime_s: 99.5, load1: 1, load5: 2, load15: 3 }),
    network: runner('network', 0, { network_in: 5, network_out: 6, interfaces: [{ name: 'eth0', network_in: 5, network_out: 6 }] }),
    filesystems: runner('filesystems', 10_000, { hdd_total: 100, hdd_used: 60, filesystems: [{ mount: '/', hdd_total: 100, hdd_used: 60 }] }),
    users: runner('users', 10_000, ['alice']),
    temperatures: runner('temperatures', 10_000, [{ sensor: 'x', temperature: 40 }]),
  };
  const nvidia: GpuSource = { ready: true, gpus: options.gpus ?? [], inventory: { gpus: [] }, failures: [] };
  const made = new Sampler(
    { server: 'gpu01', interval_ms: 1_000, details_ms: options.details_ms ?? 10_000 },
    { runners, nvidia, health: () => ({ spool_messages: 0 }), emit: (reading) => readings.push(reading), missed: (facts) => missed.push([...facts]) },
    clock,
  );
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const tick = async (ms = 1_000): Promise<void> => {
    clock.advance(ms);
    await settle();
  };
  await settle();
  return { readings, missed, tick, made };
}

describe('the sampler', () => {
  it('makes a sample of the contract at every tick, the time since the last one in it', async () => {
    const { readings, tick } = await sampler({ gpus: [{ id: 0, memory_total: 10, memory_used: 3 }] });
    await tick();
    await tick();
    expect(readings.map(({ ts, interval_ms }) => [ts - START, interval_ms])).toEqual([[1_000, 1_000], [2_000, 1_000]]);
    const message = { ...readings[1], boot_id: 'b', seq: 1 };
    expect(decodeSample(sampleSubject('gpu01'), Buffer.from(JSON.stringify(message)))).toEqual({ ok: true, value: message });
  });

  it('sends slow facts once for each reading and details every ten seconds, user names always', async () => {
    const { readings, tick } = await sampler();
    for (let second = 0; second < 12; second++) await tick();
    const seconds = (key: keyof Reading): number[] => readings.flatMap((reading, index) => (key in reading ? [index + 1] : []));
    expect(seconds('temperatures')).toEqual([1, 10]); // the first reading is made at the start
    expect(seconds('interfaces')).toEqual([1, 11]);
    expect(seconds('users')).toHaveLength(12);
  });

  it('goes on without an optional fact and says why it is missing', async () => {
    const { readings, tick } = await sampler({ broken: 'users' });
    await tick();
    expect(readings[0]).not.toHaveProperty('user_num');
    expect(readings[0]?.health?.failures).toEqual([{ collector: 'users', reason: 'users is broken', count: 1 }]);
  });

  it('sends nothing rather than a sample with an invented figure', async () => {
    const { readings, missed, tick } = await sampler({ broken: 'memory' });
    await tick();
    await tick();
    expect(readings).toEqual([]);
    expect(missed).toEqual([['memory'], ['memory']]);
  });

  it('leaves out ticks that it slept through', async () => {
    const { readings, tick } = await sampler();
    await tick();
    await tick(60_000);
    expect(readings.length).toBeLessThanOrEqual(3);
    expect(Math.max(...readings.map(({ interval_ms }) => interval_ms))).toBeLessThanOrEqual(2_000);
  });

  it('stops when disposed', async () => {
    const { readings, tick, made } = await sampler();
    await made[Symbol.asyncDispose]();
    await tick();
    expect(readings).toEqual([]);
  });
});

describe('the time that a sample stands for', () => {
  it.each([
    [1_000, 1_000], [1_013.4, 1_013], [1_999, 1_999], [3_600_000, 2_000], [0, 1_000], [-3_600_000, 1_000],
  ])('after %d ms on the clock is %d ms', (elapsed, expected) => expect(observedTime(elapsed, 1_000)).toBe(expected));
});
