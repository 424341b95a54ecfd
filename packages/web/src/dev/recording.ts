import {
  DEFAULT_IDLE, diffRow, isFree8g, isUsed10pct, GIB,
  type Candidate, type Delta, type FleetDelta, type FleetRow, type Inventory, type LikeIndex, type LiveGpu, type LiveRow, type Overview, type Snapshot, type Topic,
} from '@vacancy/shared';
import type { Recording } from '../api/replay.js';

/**
 * A made-up fleet for looking at pages without a service: `?replay=12` in development and in builds of mode `replay`.
 * Seeded, so that two runs show the same; it is not part of the production bundle.
 */
export interface GeneratedFleet extends Recording {
  readonly rows: Map<string, LiveRow>;
  inventory(id: string): Inventory | null;
}

const MODELS = [['TITAN Xp', 12.0], ['GeForce RTX 3090', 24], ['RTX A6000', 48], ['A100-SXM4-80GB', 80], ['GeForce GTX 1080 Ti', 11]] as const;
const PLACES = ['B-204', 'B-205', '机房一', '机房二', 'Cloud'];
const PEOPLE = ['alice', 'bob', 'wangwei', 'lina', 'zhangsan', 'chen', 'dmitri', '<img src=x onerror=alert(1)>'];
const COMMANDS = ['python train.py --config configs/resnet50.yaml --amp', 'python -m torch.distributed.run --nproc_per_node=4 finetune.py', 'jupyter-lab --no-browser', '<script>alert(1)</script>', './a.out'];

export function generateFleet(size: number, start = Date.now(), cards?: number): GeneratedFleet {
  const random = mulberry32(size + 7);
  const rows = new Map<string, LiveRow>();
  for (let i = 0; i < size; i++) {
    const row = makeServer(i, random, start, cards);
    rows.set(row.server, row);
  }
  let ts = start;
  const sent = new Map<Topic, FleetRow[]>();
  let step = 0;
  return {
    interval_ms: 250,
    rows,
    inventory: (id) => (rows.has(id) ? inventoryOf(rows.get(id)!) : null),
    advance() {
      ts += 250;
      step = (step + 1) % 4;
      // Each server samples once a second; a quarter of them in each interval.
      let i = 0;
      for (const row of rows.values()) if (i++ % 4 === step && row.online) rows.set(row.server, walk(row, ts, random));
    },
    snapshot(topic): Snapshot | null {
      if (topic !== 'fleet') {
        const row = rows.get(topic.slice('server:'.length));
        return row ? { topic: topic as `server:${string}`, ts, data: row } : null;
      }
      const servers = [...rows.values()].map(withoutProcesses);
      sent.set(topic, servers);
      return { topic: 'fleet', ts, data: { overview: overviewOf([...rows.values()], ts), servers } };
    },
    next(topic): Delta | null {
      if (topic !== 'fleet') {
        const row = rows.get(topic.slice('server:'.length));
        return row?.last_ts === ts ? { topic: topic as `server:${string}`, ts, data: row } : null;
      }
      const servers = [...rows.values()].map(withoutProcesses);
      const before = sent.get(topic) ?? [];
      const changed = servers.map((row, i) => (before[i] && before[i].last_ts === row.last_ts ? null : diffRow(before[i]!, row))).filter((row) => row !== null);
      sent.set(topic, servers);
      const data: FleetDelta = { servers: changed };
      if (step === 0) data.overview = overviewOf([...rows.values()], ts);
      return { topic: 'fleet', ts, data };
    },
  };
}

function makeServer(i: number, random: () => number, ts: number, cards?: number): LiveRow {
  const [model, size] = MODELS[Math.floor(random() * MODELS.length)]!;
  const count = cards ?? (i % 11 === 10 ? 0 : [4, 8, 4, 2, 8][Math.floor(random() * 5)]!);
  const load = random();
  const gpus: LiveGpu[] = Array.from({ length: count }, (_, id) => makeCard(id, model, size * GIB, random() < load, random));
  const memory_total = [128, 256, 512][Math.floor(random() * 3)]! * GIB;
  const hdd_total = (4 + Math.floor(random() * 20)) * 1e12;
  const offline = i % 17 === 9;
  const row: LiveRow = {
    server: `gpu${String(i + 1).padStart(2, '0')}`,
    name: i % 4 === 1 ? `实验室${i + 1}号` : i === 4 ? '<b>x</b> lab & co' : `gpu${String(i + 1).padStart(2, '0')}`,
    address: `10.0.${Math.floor(i / 250)}.${(i % 250) + 10}`,
    location: PLACES[i % PLACES.length]!,
    simulated: i % 6 !== 0,
    online: !offline,
    last_ts: offline ? ts - 3_720_000 : ts,
    offline_since: offline ? ts - 3_720_000 : null,
    interval_ms: 1000,
    clock_skewed: i === 7,
    cpu: load * 90,
    load1: load * 32,
    memory_total,
    memory_used: memory_total * (0.1 + load * 0.8),
    swap_total: 8 * GIB,
    swap_used: load * GIB,
    hdd_total,
    hdd_used: hdd_total * (0.3 + random() * 0.65),
    hdd_rate: null,
    network_up: random() * 2e7,
    network_down: random() * 6e7,
    user_num: Math.floor(random() * 6),
    uptime_s: 3600 * 24 * random() * 200,
    like_index: 'light',
    windows: { '1m': windowOf(load), '5m': windowOf(load), '15m': windowOf(load), '60m': windowOf(load, 0.82) },
    health: i === 5 ? { clock_offset_ms: 312_000, spool_dropped: 1200 } : i === 3 ? { failures: [{ collector: 'temperatures', reason: 'no sensor', count: 3 }] } : null,
    gpus,
  };
  return finish(row);
}

function windowOf(load: number, coverage = 1): LiveRow['windows']['1m'] {
  const cpu = load * 90;
  return { cpu_median: cpu, cpu_mean: cpu * 1.02, cpu_min: cpu * 0.6, cpu_max: Math.min(100, cpu * 1.4), coverage, idle_rate: { free8g: 1 - load, used10pct: (1 - load) * 0.8 } };
}

function makeCard(id: number, model: string, total: number, taken: boolean, random: () => number): LiveGpu {
  const used = taken ? total * (0.15 + random() * 0.83) : total * 0.004;
  const asleep = taken && random() < 0.15;
  const people = taken ? [PEOPLE[Math.floor(random() * PEOPLE.length)]!] : [];
  return {
    id,
    gpu_type: model,
    memory_total: total,
    memory_used: used,
    memory_free: total - used,
    utilization: taken ? (asleep ? 0 : 40 + random() * 60) : 0,
    temperature: taken && !asleep ? 55 + random() * 30 : 32 + random() * 8,
    power: taken && !asleep ? 150 + random() * 150 : 18 + random() * 20,
    idle: { free8g: false, used10pct: false },
    idle_rate: { '5m': { free8g: taken ? 0.2 : 1, used10pct: taken ? 0 : 1 }, '60m': { free8g: taken ? 0.3 : 0.9, used10pct: taken ? 0.1 : 0.85 } },
    utilization_median: taken ? (asleep ? 0 : 70) : 0,
    occupied_idle: asleep,
    users: people,
    held: !taken && random() < 0.08 ? { id: 'h1', by: 'lina', until: Date.now() + 600_000 } : null,
    processes: taken ? people.map((user, n) => ({ pid: 4000 + id * 10 + n, user, command: COMMANDS[Math.floor(random() * COMMANDS.length)]!, memory_used: used * 0.97 })) : [],
  };
}

function walk(row: LiveRow, ts: number, random: () => number): LiveRow {
  const near = (value: number, spread: number, max: number): number => Math.max(0, Math.min(max, value + (random() - 0.5) * spread));
  const gpus = row.gpus.map((card) => {
    if (card.users.length === 0) return card;
    const memory_used = near(card.memory_used, card.memory_total * 0.02, card.memory_total);
    return { ...card, memory_used, memory_free: card.memory_total - memory_used, utilization: card.occupied_idle ? 0 : near(card.utilization ?? 0, 12, 100), temperature: near(card.temperature ?? 60, 2, 92), power: near(card.power ?? 100, 20, 350) };
  });
  return finish({
    ...row,
    last_ts: ts,
    cpu: near(row.cpu, 10, 100),
    memory_used: near(row.memory_used, row.memory_total * 0.01, row.memory_total),
    network_up: near(row.network_up ?? 0, 3e6, 1e9),
    network_down: near(row.network_down ?? 0, 6e6, 1e9),
    uptime_s: row.uptime_s + 1,
    gpus,
  });
}

function finish(row: LiveRow): LiveRow {
  const gpus = row.gpus.map((card) => ({ ...card, idle: { free8g: isFree8g(card), used10pct: isUsed10pct(card) } }));
  const free = gpus.some((card) => card.idle.free8g && (card.utilization_median ?? 0) < 10) && row.cpu < 70;
  const full = row.cpu >= 90 || (gpus.length > 0 && gpus.every((card) => card.memory_free < 0.1 * card.memory_total));
  const like_index: LikeIndex = full ? 'busy' : free || (gpus.length === 0 && row.cpu < 30) ? 'free' : 'light';
  return { ...row, gpus, like_index, hdd_rate: (row.hdd_used / row.hdd_total) * 100 };
}

function withoutProcesses(row: LiveRow): FleetRow {
  return { ...row, gpus: row.gpus.map(({ processes: _, ...card }) => card) };
}

function overviewOf(rows: LiveRow[], ts: number): Overview {
  const online = rows.filter((row) => row.online);
  const cards = online.flatMap((row) => row.gpus);
  const busiest = [...online].sort((a, b) => b.cpu - a.cpu);
  const load = (row: LiveRow | undefined) => (row ? { server: row.server, name: row.name, cpu_mean: row.windows['5m'].cpu_mean ?? 0 } : null);
  return {
    server_num: rows.length,
    online_num: online.length,
    user_num: new Set(cards.flatMap((card) => card.users)).size,
    gpu_num: rows.reduce((sum, row) => sum + row.gpus.length, 0),
    gpu_idle_num: { free8g: cards.filter((card) => card.idle.free8g).length, used10pct: cards.filter((card) => card.idle.used10pct).length },
    idle_rate: cards.length ? { free8g: mean(cards.map((card) => card.idle_rate['5m'].free8g ?? 0)), used10pct: mean(cards.map((card) => card.idle_rate['5m'].used10pct ?? 0)) } : { free8g: null, used10pct: null },
    idle: { lead: 'free8g', ...DEFAULT_IDLE },
    busy_server: load(busiest[0]),
    idle_server: load(busiest.at(-1)),
    like_server: candidates(online),
    window_s: 300,
    warming_up: false,
    lag_ms: 180,
    store_lag_ms: 900,
    simulated_num: rows.filter((row) => row.simulated).length,
    ts,
  };
}

const best = (row: LiveRow): number => Math.max(0, ...row.gpus.filter((card) => !card.held).map((card) => card.memory_free));
const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

function candidates(rows: LiveRow[]): Candidate[] {
  return [...rows].filter((row) => best(row) > 0).sort((a, b) => best(b) - best(a)).slice(0, 3).map((row) => {
    const gpus = row.gpus.filter((card) => card.idle.free8g && !card.held).sort((a, b) => b.memory_free - a.memory_free).slice(0, 1);
    return {
      server: row.server, name: row.name, cuda_visible_devices: gpus.map((card) => card.id).join(','), memory_free: best(row), last_ts: row.last_ts,
      like_index: row.like_index, simulated: row.simulated, steadiness: 0.8,
      gpus: gpus.map((card) => ({ id: card.id, gpu_type: card.gpu_type, memory_free: card.memory_free, utilization_median: card.utilization_median })),
      reasons: [
        ...gpus.map((card) => ({ code: 'card_memory', params: { gpu: card.id, memory_free: card.memory_free, memory_total: card.memory_total }, text: '' })),
        ...gpus.map((card) => ({ code: 'unused', params: { gpu: card.id }, text: '' })),
        { code: 'cpu', params: { cpu_median: row.windows['5m'].cpu_median ?? 0 }, text: '' },
        { code: 'not-yet-translated', params: {}, text: 'words of a newer service' },
      ] satisfies Candidate['reasons'] as Candidate['reasons'],
    };
  });
}

function inventoryOf(row: LiveRow): Inventory {
  return {
    v: 1, server: row.server, name: row.name, address: row.address ?? '', location: row.location ?? '', os: 'Debian GNU/Linux 12', kernel: '6.1.0-28-amd64',
    cpu_model: 'AMD EPYC 7543 32-Core Processor', cpu_cores: 64, memory_limit: row.memory_total, hdd_total: row.hdd_total, cuda_version: '12.4', driver_version: '550.54.15',
    agent_version: '0.1.0', simulated: row.simulated, gpu_num: row.gpus.length,
    gpus: row.gpus.map((card) => ({ gpu_id: card.id, gpu_type: card.gpu_type ?? '', gpu_memory_limit: card.memory_total })),
  };
}

export function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
