import { DAY, MIB, MINUTE, SECOND, type GpuSample, type Sample } from '@vacancy/shared/plain';
import { USERS, type CardModel } from './catalogue.js';
import { diskUsed } from './disk.js';
import { isUp, type Era } from './era.js';
import { TrafficCounter } from './network.js';
import { mix, noise, unit } from './random.js';
import { planRuns, RunIndex, type Run } from './runs.js';
import { activity, type SimulatedServer } from './server.js';

/** An era with its plan: what all samples between two boots are computed from. */
export interface Chapter {
  readonly era: Era;
  readonly runs: RunIndex;
  readonly network_in: TrafficCounter;
  readonly network_out: TrafficCounter;
}

export function createChapter(server: SimulatedServer, era: Era): Chapter {
  const mean = (4 + 4 * server.profile.cards * server.profile.demand) * MIB;
  return {
    era,
    runs: new RunIndex(era, planRuns(server, era)),
    network_in: new TrafficCounter(server, era, 0x1a, mean),
    network_out: new TrafficCounter(server, era, 0x0b, mean / 3),
  };
}

/**
 * What the server's agent would send at `ts`, or `null` while the server is down or just booting.
 * `seq` counts whole intervals since boot and `boot_id` names seed, interval and boot: history, live runs and restarts
 * give one moment one name, and different moments different ones.
 */
export function sampleOf(server: SimulatedServer, chapter: Chapter, ts: number, interval_ms: number, run_name: string): Sample | null {
  const { era } = chapter;
  if (!isUp(era, ts) || ts - interval_ms < era.from) return null;
  const middle = ts - interval_ms / 2;
  const runs = chapter.runs.at(middle);
  const lively = activity(server, middle);
  const { profile } = server;
  const cpu = cpuOf(server, runs, lively, middle, interval_ms);
  const users = usersOf(server, runs, lively, middle);
  return {
    v: 1, server: server.server, boot_id: `${run_name}-${interval_ms}-${era.index}`,
    seq: Math.floor(ts / interval_ms) - Math.floor(era.from / interval_ms),
    ts, interval_ms, uptime_s: Math.floor((ts - era.from) / SECOND),
    cpu, load1: round((cpu / 100) * profile.cpu_cores * (1 + 0.1 * noise(server.key, middle / MINUTE)), 2),
    memory_total: profile.memory, memory_used: memoryOf(server, runs, middle),
    swap_total: 0, swap_used: 0,
    hdd_total: server.inventory.hdd_total, hdd_used: diskUsed(server, runs, middle),
    network_in: chapter.network_in.at(ts), network_out: chapter.network_out.at(ts),
    user_num: users.length, users,
    gpus: cardsOf(server, runs, lively, middle, interval_ms),
  };
}

/** Jobs, people, and a flicker that a longer interval averages out. */
function cpuOf(server: SimulatedServer, runs: readonly Run[], lively: number, ts: number, interval_ms: number): number {
  let cpu = 1.5 + 2 * unit(server.key, 0xc9) + 6 * lively * server.profile.demand;
  for (const run of runs) cpu += run.cpu * (0.85 + 0.15 * noise(run.key, ts / (7 * MINUTE)));
  const flicker = Math.min(1, Math.sqrt((3 * SECOND) / interval_ms));
  cpu *= 1 + 0.08 * noise(server.key, ts / (40 * SECOND)) + 0.15 * flicker * noise(server.key ^ 0xf1, ts / (3 * SECOND));
  return round(clamp(cpu, 0.1, 100), 1);
}

function memoryOf(server: SimulatedServer, runs: readonly Run[], ts: number): number {
  const { memory } = server.profile;
  let used = memory * (0.04 + 0.01 * noise(server.key ^ 0x3e, ts / (20 * MINUTE)));
  for (const run of runs) used += run.memory * rampUp(run, ts);
  return Math.round(Math.min(used, 0.985 * memory));
}

/** Who runs something, and who is logged in without doing so. */
function usersOf(server: SimulatedServer, runs: readonly Run[], lively: number, ts: number): string[] {
  const users = new Set(runs.map((run) => run.user));
  const day = Math.floor((ts + server.utc_offset_ms) / DAY);
  for (let visitor = 0; visitor < 3; visitor++) {
    const key = mix(mix(server.key, day), visitor);
    if (unit(key, 1) * 1.6 < lively) users.add(USERS[key % USERS.length]!);
  }
  return [...users];
}

function cardsOf(server: SimulatedServer, runs: readonly Run[], lively: number, ts: number, interval_ms: number): GpuSample[] {
  const { model, cards } = server.profile;
  if (!model) return [];
  const flicker = Math.min(1, Math.sqrt((3 * SECOND) / interval_ms));
  return Array.from({ length: cards }, (_, id) => {
    const key = mix(server.key, 0x6000 + id);
    const own = runs.filter((run) => run.cards.includes(id));
    let utilization = 0;
    let memory_used = (2 + Math.floor(9 * unit(key, 1))) * MIB; // what the driver keeps to itself
    const processes = own.map((run) => {
      utilization += utilizationOf(run, lively, ts, flicker);
      const held = Math.min(model.memory - memory_used, Math.round(run.card_memory * rampUp(run, ts)));
      memory_used += held;
      return { pid: run.pid + id, user: run.user, command: run.command, memory_used: held };
    });
    utilization = Math.round(clamp(utilization, 0, 100));
    return { id, memory_total: model.memory, memory_used, utilization, ...heatOf(model, key, utilization, ts), processes };
  });
}

function heatOf(model: CardModel, key: number, utilization: number, ts: number) {
  const cool = 29 + 8 * unit(key, 2);
  const load = (utilization / 100) ** 0.8;
  return {
    temperature: Math.round(cool + (model.hottest - cool) * load + 1.5 * noise(key, ts / MINUTE)),
    power: round(model.idle_watts + (model.full_watts - model.idle_watts) * load * (0.93 + 0.05 * noise(key ^ 7, ts / (20 * SECOND))), 1),
  };
}

/** A program takes a minute and a half to load what it needs. */
const LOADING = 90 * SECOND;
const rampUp = (run: Run, ts: number): number => Math.min(1, 0.15 + (ts - run.from) / LOADING);

/** Training dips while it validates; a notebook holds its memory and computes now and then, when its owner is there. */
function utilizationOf(run: Run, lively: number, ts: number, flicker: number): number {
  if (run.kind === 'notebook') {
    const working = unit(run.key, Math.floor(ts / (8 * MINUTE))) < 0.07 * lively;
    return working ? 35 + 30 * noise(run.key, ts / (20 * SECOND)) : run.utilization;
  }
  if (ts - run.from < LOADING) return 4 + 4 * noise(run.key, ts / (5 * SECOND));
  const validating = (ts - run.from) % (23 * MINUTE) > 22 * MINUTE;
  const level = run.utilization * (validating ? 0.35 : 1);
  return level + 4 * noise(run.key, ts / (2 * MINUTE)) + 8 * flicker * noise(run.key ^ 3, ts / (4 * SECOND));
}

const clamp = (x: number, low: number, high: number): number => Math.min(high, Math.max(low, x));
const round = (x: number, digits: number): number => Number(x.toFixed(digits));
