import { DAY, HOUR, MINUTE, SECOND, decodeInventory, decodeSample, inventorySubject, isFree8g, sampleSubject, type Sample } from '@vacancy/shared';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFleet, type Fleet } from './fleet.js';

const SPRING = Date.UTC(2026, 2, 2); // a Monday
const shanghai = { utc_offset_ms: 8 * HOUR };
const bytes = (message: unknown) => new TextEncoder().encode(JSON.stringify(message));
const moment = fc.integer({ min: SPRING, max: SPRING + 365 * DAY });
const interval = fc.constantFrom(1 * SECOND, 5 * SECOND, 60 * SECOND);

const week = (fleet: Fleet, interval_ms = 10 * MINUTE): Sample[] => [...fleet.history({ from: SPRING, to: SPRING + 7 * DAY, interval_ms })];

describe('a simulated fleet', () => {
  it('sends only samples and inventories that the contract accepts', () => {
    fc.assert(
      fc.property(fc.integer(), moment, interval, fc.nat({ max: 29 }), (seed, ts, interval_ms, index) => {
        const fleet = createFleet({ servers: 30, seed, ...shanghai });
        const server = fleet.servers[index]!;
        const inventory = fleet.inventories[index]!;
        expect(decodeInventory(inventorySubject(server), bytes(inventory))).toMatchObject({ ok: true });
        const sample = fleet.sampleAt(server, ts, interval_ms);
        if (sample) expect(decodeSample(sampleSubject(server), bytes(sample))).toMatchObject({ ok: true, value: { server, ts } });
      }),
      { numRuns: 60 },
    );
  });

  it('never uses more than there is, nor says that a card has another size than its inventory', () => {
    const fleet = createFleet({ servers: 12, seed: 5, ...shanghai });
    const limits = new Map(fleet.inventories.map((inventory) => [inventory.server, inventory]));
    for (const sample of week(fleet, 30 * MINUTE)) {
      const inventory = limits.get(sample.server)!;
      expect(sample.memory_used).toBeLessThanOrEqual(sample.memory_total);
      expect(sample.hdd_used).toBeLessThanOrEqual(sample.hdd_total);
      expect(sample.gpus.map((gpu) => gpu.memory_total)).toEqual(inventory.gpus.map((gpu) => gpu.gpu_memory_limit));
      for (const gpu of sample.gpus) {
        expect(gpu.memory_used).toBeLessThanOrEqual(gpu.memory_total);
        expect(gpu.processes!.reduce((sum, process) => sum + process.memory_used!, 0)).toBeLessThanOrEqual(gpu.memory_used);
      }
    }
  });

  it('marks every server as simulated and gives each its own id, name and address', () => {
    const { inventories, servers } = createFleet({ servers: 200, seed: 1 });
    expect(inventories.every((inventory) => inventory.simulated)).toBe(true);
    for (const field of ['server', 'name', 'address'] as const) expect(new Set(inventories.map((inventory) => inventory[field])).size).toBe(200);
    expect(servers.slice(0, 3)).toEqual(['sim01', 'sim02', 'sim03']);
  });

  it('is the same for the same seed, whatever was asked before, and another for another seed', () => {
    const first = createFleet({ servers: 3, seed: 9, ...shanghai });
    const second = createFleet({ servers: 3, seed: 9, ...shanghai });
    second.sampleAt('sim01', SPRING + 300 * DAY, SECOND);
    second.sampleAt('sim02', SPRING - 300 * DAY, SECOND);
    expect(week(second)).toEqual(week(first));
    expect(week(createFleet({ servers: 3, seed: 10, ...shanghai }))).not.toEqual(week(first));
  });

  it('keeps a server as it is when the fleet grows', () => {
    const small = createFleet({ servers: 2, seed: 4, ...shanghai });
    const large = createFleet({ servers: 40, seed: 4, ...shanghai });
    expect(large.sampleAt('sim02', SPRING, SECOND)).toEqual(small.sampleAt('sim02', SPRING, SECOND));
  });

  it('counts network bytes upwards between two boots, and uptime with the clock', () => {
    const last = new Map<string, Sample>();
    let reboots = 0;
    for (const sample of createFleet({ servers: 12, seed: 2, ...shanghai }).history({ from: SPRING, to: SPRING + 30 * DAY, interval_ms: 20 * MINUTE })) {
      const before = last.get(sample.server);
      last.set(sample.server, sample);
      if (!before) continue;
      if (sample.boot_id !== before.boot_id) {
        reboots++;
        expect(sample.uptime_s).toBeLessThan(before.uptime_s);
        continue;
      }
      expect(sample.seq).toBe(before.seq + 1);
      expect(sample.uptime_s - before.uptime_s).toBe((sample.ts - before.ts) / SECOND);
      expect(sample.network_in).toBeGreaterThan(before.network_in);
      expect(sample.network_out).toBeGreaterThan(before.network_out);
    }
    expect(reboots).toBeGreaterThan(3);
  });

  it('continues live where history ended: the same counters, the same jobs', () => {
    const fleet = createFleet({ servers: 12, seed: 3, ...shanghai });
    for (const past of fleet.history({ from: SPRING, to: SPRING + MINUTE, interval_ms: MINUTE })) {
      const live = fleet.sampleAt(past.server, SPRING + SECOND, SECOND)!;
      const grown = live.network_in - past.network_in;
      expect(grown).toBeGreaterThan(0);
      expect(grown).toBeLessThan(20e9);
      expect(live.gpus.map((gpu) => gpu.processes!.map((process) => process.pid))).toEqual(
        past.gpus.map((gpu) => gpu.processes!.map((process) => process.pid)),
      );
    }
  });

  it('names a sample by its moment: history, live runs and restarts never give one name to two', () => {
    const fleet = createFleet({ servers: 4, seed: 1, ...shanghai });
    const names = new Set<string>();
    let samples = 0;
    for (const interval_ms of [SECOND, 5 * SECOND, MINUTE])
      for (const sample of fleet.history({ from: SPRING, to: SPRING + HOUR, interval_ms })) {
        names.add(`${sample.server}:${sample.boot_id}:${sample.seq}`);
        samples++;
      }
    expect(names.size).toBe(samples);
  });

  it('says nothing while a server is down', () => {
    const fleet = createFleet({ servers: 12, seed: 1, ...shanghai });
    const heard = new Map(fleet.servers.map((server) => [server, 0]));
    for (const sample of fleet.history({ from: SPRING, to: SPRING + 60 * DAY, interval_ms: HOUR })) heard.set(sample.server, heard.get(sample.server)! + 1);
    expect(heard.get('sim05')! / (60 * 24)).toBeCloseTo(0.7, 1);
    expect(heard.get('sim11')! / (60 * 24)).toBeCloseTo(0.55, 1);
    expect(heard.get('sim09')!).toBeGreaterThan(0.99 * 60 * 24);
  });

  it('lives by its people: working hours are busier than nights, working days than weekends', () => {
    const cpu = { day: [] as number[], night: [] as number[], weekday: [] as number[], weekend: [] as number[] };
    for (const sample of createFleet({ servers: 12, seed: 1, ...shanghai }).history({ from: SPRING, to: SPRING + 28 * DAY, interval_ms: HOUR })) {
      const local = new Date(sample.ts + shanghai.utc_offset_ms);
      const hour = local.getUTCHours();
      if (hour >= 14 && hour < 18) cpu.day.push(sample.cpu);
      if (hour >= 2 && hour < 6) cpu.night.push(sample.cpu);
      cpu[[0, 6].includes(local.getUTCDay()) ? 'weekend' : 'weekday'].push(sample.cpu);
    }
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(cpu.day)).toBeGreaterThan(1.2 * mean(cpu.night));
    expect(mean(cpu.weekday)).toBeGreaterThan(mean(cpu.weekend));
  });

  it('has what recommendations are judged by: cards held by sleeping notebooks, and cards that are free for a few minutes only', () => {
    const fleet = createFleet({ servers: 12, seed: 1, ...shanghai });
    let asleep = 0;
    const gaps: number[] = [];
    const free_since = new Map<string, number>();
    for (const sample of fleet.history({ from: SPRING, to: SPRING + 14 * DAY, interval_ms: MINUTE }))
      for (const gpu of sample.gpus) {
        const card = `${sample.server}/${gpu.id}`;
        if (!isFree8g(gpu) && gpu.utilization! < 5) asleep++;
        if (!isFree8g(gpu) && free_since.has(card)) {
          gaps.push((sample.ts - free_since.get(card)!) / MINUTE);
          free_since.delete(card);
        } else if (isFree8g(gpu) && !free_since.has(card)) free_since.set(card, sample.ts);
      }
    expect(asleep).toBeGreaterThan(1000);
    expect(gaps.filter((minutes) => minutes < 15).length).toBeGreaterThan(100);
    expect(gaps.filter((minutes) => minutes > 120).length).toBeGreaterThan(100);
  });

  it('has disks that fill as disks do: unevenly, with clean-ups small and great, most of them not for months', () => {
    const fleet = createFleet({ servers: 12, seed: 1, ...shanghai });
    const slopes = fleet.servers.map((server) => {
      const shares: [day: number, share: number][] = [];
      for (let hour = 0; hour < 90 * 24; hour++) {
        const sample = fleet.sampleAt(server, SPRING + hour * HOUR, MINUTE);
        if (sample) shares.push([hour / 24, sample.hdd_used / sample.hdd_total]);
      }
      const falls = shares.filter(([, share], i) => i > 0 && share < shares[i - 1]![1] - 0.0005).length;
      expect(falls, server).toBeGreaterThan(3);
      expect(scatterAroundLine(shares), server).toBeGreaterThan(0.002);
      return shares.at(-1)![1] > shares[0]![1] ? (1 - shares.at(-1)![1]) / ((shares.at(-1)![1] - shares[0]![1]) / 90) : Infinity;
    });
    expect(slopes.filter((days) => days > 60).length).toBeGreaterThanOrEqual(7);
  });

  it('has something of everything to show at almost any moment of a year', () => {
    const fleet = createFleet({ servers: 12, seed: 1, ...shanghai });
    const seen = { away: 0, full_disk: 0, all_cards_taken: 0, held_but_idle: 0, a_card_free: 0 };
    const moments = 200;
    for (let i = 0; i < moments; i++) {
      const ts = SPRING + Math.floor((i * 43.3 * HOUR) / MINUTE) * MINUTE;
      const samples = fleet.servers.map((server) => fleet.sampleAt(server, ts, MINUTE));
      const here = samples.filter((sample) => sample !== null);
      const cards = here.flatMap((sample) => sample.gpus);
      seen.away += Number(here.length < 12);
      seen.full_disk += Number(here.some((sample) => sample.hdd_used > 0.92 * sample.hdd_total));
      seen.all_cards_taken += Number(here.some(({ gpus }) => gpus.length > 0 && gpus.every((gpu) => gpu.memory_used > 0.9 * gpu.memory_total)));
      seen.held_but_idle += Number(cards.some((gpu) => gpu.memory_used > 0.1 * gpu.memory_total && gpu.utilization! < 5));
      seen.a_card_free += Number(cards.some((gpu) => isFree8g(gpu) && gpu.utilization! < 10));
    }
    for (const [what, times] of Object.entries(seen)) expect(times / moments, what).toBeGreaterThan(what === 'away' ? 0.6 : 0.9);
  });
});

/** Root of the mean squared distance from the straight line through the points. */
function scatterAroundLine(points: readonly (readonly [number, number])[]): number {
  const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))];
  const slope = mean(points.map(([px, py]) => (px - x) * (py - y))) / mean(points.map(([px]) => (px - x) ** 2));
  return Math.sqrt(mean(points.map(([px, py]) => (py - y - slope * (px - x)) ** 2)));
}
