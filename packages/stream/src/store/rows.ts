import { isFree8g, isUsed10pct, type GpuProcess, type GpuSample, type IdleThresholds } from '@vacancy/shared';
import type { Message } from '../ingest/decode.js';
import type { Booked, Correction } from './ledger.js';
import {
  Nested, bool, column, dateTime64, decimal2, encodeBlock, float32, float64, int64, nullable, string, uint32, uint64, uint8, type Column,
} from './native.js';

/** Which cut of which stream a block is. */
export interface Origin {
  /** The stream's identity: it changes when the stream is made anew. */
  readonly stream: string;
  /** The last stream position of the batch. */
  readonly batch: number;
}

/** The block for the table `samples`: the one place where the wire's names meet the columns. */
export function encodeSamples(rows: readonly Booked[], origin: Origin, idle: IdleThresholds): Buffer {
  return encodeBlock(rows.length, [
    ...sampleColumns(rows, origin),
    ...gpuColumns(rows, idle),
    ...processColumns(rows),
    ...correctionColumns(rows),
  ]);
}

const sampleColumns = (rows: readonly Booked[], { stream, batch }: Origin): Column[] => [
  column('server', rows, string((row) => row.sample.server)),
  column('ts', rows, dateTime64((row) => row.sample.ts)),
  column('boot_id', rows, string((row) => row.sample.boot_id)),
  column('seq', rows, uint64((row) => row.sample.seq)),
  column('stream', rows, string(() => stream)),
  column('batch', rows, uint64(() => batch)),
  column('received_ts', rows, dateTime64((row) => row.sample.received_ts)),
  column('skewed', rows, bool((row) => row.sample.skewed)),
  column('interval_ms', rows, uint32((row) => row.sample.interval_ms)),
  column('uptime_s', rows, float64((row) => row.sample.uptime_s)),
  column('cpu', rows, decimal2((row) => row.sample.cpu)),
  column('load1', rows, nullable(decimal2, (row: Booked) => row.sample.load1)),
  column('load5', rows, nullable(decimal2, (row: Booked) => row.sample.load5)),
  column('load15', rows, nullable(decimal2, (row: Booked) => row.sample.load15)),
  column('memory_total', rows, uint64((row) => row.sample.memory_total)),
  column('memory_used', rows, uint64((row) => row.sample.memory_used)),
  column('swap_total', rows, nullable(uint64, (row: Booked) => row.sample.swap_total)),
  column('swap_used', rows, nullable(uint64, (row: Booked) => row.sample.swap_used)),
  column('hdd_total', rows, uint64((row) => row.sample.hdd_total)),
  column('hdd_used', rows, uint64((row) => row.sample.hdd_used)),
  column('network_in', rows, uint64((row) => row.sample.network_in)),
  column('network_out', rows, uint64((row) => row.sample.network_out)),
  column('network_down_bytes', rows, int64((row) => row.network_down_bytes)),
  column('network_up_bytes', rows, int64((row) => row.network_up_bytes)),
  column('network_down_known_ms', rows, int64((row) => row.network_down_known_ms)),
  column('network_up_known_ms', rows, int64((row) => row.network_up_known_ms)),
  column('user_num', rows, nullable(uint32, (row: Booked) => row.sample.user_num)),
  new Nested(rows, (row) => row.sample.users ?? []).column('users', string((user) => user)),
  column('extra', rows, string((row) => extra(row.sample))),
];

interface Card {
  readonly gpu: GpuSample;
  readonly occupied_idle: boolean;
}

const cardsOf = ({ sample, occupied_idle }: Booked): Card[] =>
  sample.gpus.map((gpu, i) => ({ gpu, occupied_idle: occupied_idle[i]! }));

function gpuColumns(rows: readonly Booked[], idle: IdleThresholds): Column[] {
  const cards = new Nested(rows, cardsOf);
  return [
    cards.column('gpus.id', uint8(({ gpu }) => gpu.id)),
    cards.column('gpus.memory_total', uint64(({ gpu }) => gpu.memory_total)),
    cards.column('gpus.memory_used', uint64(({ gpu }) => gpu.memory_used)),
    cards.column('gpus.utilization', nullable(float32, ({ gpu }: Card) => gpu.utilization)),
    cards.column('gpus.temperature', nullable(float32, ({ gpu }: Card) => gpu.temperature)),
    cards.column('gpus.power', nullable(decimal2, ({ gpu }: Card) => gpu.power)),
    cards.column('gpus.free8g', bool(({ gpu }) => isFree8g(gpu, idle))),
    cards.column('gpus.used10pct', bool(({ gpu }) => isUsed10pct(gpu, idle))),
    cards.column('gpus.occupied_idle', bool(({ occupied_idle }) => occupied_idle)),
  ];
}

interface Held {
  readonly gpu: number;
  readonly process: GpuProcess;
  readonly held_ms: number;
  readonly fair_ms: number;
  readonly idle_ms: number;
}

function processColumns(rows: readonly Booked[]): Column[] {
  const held = new Nested(rows, heldBy);
  return [
    held.column('processes.gpu', uint8(({ gpu }) => gpu)),
    held.column('processes.pid', uint64(({ process }) => process.pid)),
    held.column('processes.user', string(({ process }) => process.user ?? '')),
    held.column('processes.command', string(({ process }) => process.command ?? '')),
    held.column('processes.memory_used', nullable(uint64, ({ process }: Held) => process.memory_used)),
    held.column('processes.held_ms', uint32(({ held_ms }) => held_ms)),
    held.column('processes.fair_ms', uint32(({ fair_ms }) => fair_ms)),
    held.column('processes.idle_ms', uint32(({ idle_ms }) => idle_ms)),
  ];
}

const NONE: readonly never[] = [];

/** The processes of all cards, each with its user's part of the sample's interval. */
export function heldBy({ sample, occupied_idle }: Booked): readonly Held[] {
  let all: Held[] | undefined;
  for (let i = 0; i < sample.gpus.length; i++) {
    const { id, processes } = sample.gpus[i]!;
    if (processes && processes.length > 0) (all ??= []).push(...share(id, processes, sample.interval_ms, occupied_idle[i]!));
  }
  return all ?? NONE;
}

/**
 * Divides a card's time among its users: whole milliseconds, the remainder to the first ones, so that the parts add up to the
 * interval and never to more. A user's part stands on the first of their processes; a process that is known to hold no memory,
 * or whose user is not known, has none.
 */
function share(gpu: number, processes: readonly GpuProcess[], interval_ms: number, idle: boolean): Held[] {
  const users = [...new Set(processes.filter(holds).map((process) => process.user!))];
  const waiting = new Map(users.map((user, i) => [user, Math.floor(interval_ms / users.length) + (i < interval_ms % users.length ? 1 : 0)]));
  return processes.map((process) => {
    const fair_ms = (holds(process) && waiting.get(process.user!)) || 0;
    const first = holds(process) && waiting.delete(process.user!);
    return { gpu, process, held_ms: first ? interval_ms : 0, fair_ms, idle_ms: idle ? fair_ms : 0 };
  });
}

const holds = (process: GpuProcess): boolean => !!process.user && process.memory_used !== 0;

function correctionColumns(rows: readonly Booked[]): Column[] {
  const corrections = new Nested<Booked, Correction>(rows, (row) => row.corrections);
  return [
    corrections.column('corrections.ts', dateTime64((correction) => correction.ts)),
    corrections.column('corrections.boot_id', string((correction) => correction.boot_id)),
    corrections.column('corrections.seq', uint64((correction) => correction.seq)),
    corrections.column('corrections.network_down_bytes', int64((correction) => correction.network_down_bytes)),
    corrections.column('corrections.network_up_bytes', int64((correction) => correction.network_up_bytes)),
    corrections.column('corrections.network_down_known_ms', int64((correction) => correction.network_down_known_ms)),
    corrections.column('corrections.network_up_known_ms', int64((correction) => correction.network_up_known_ms)),
  ];
}

/** The optional rest of a sample, as JSON; empty when it sent none of it. */
function extra({ cpu_cores_used, filesystems, interfaces, temperatures, processes, health }: Booked['sample']): string {
  if (!(cpu_cores_used || filesystems || interfaces || temperatures || processes || health)) return '';
  return JSON.stringify({ cpu_cores_used, filesystems, interfaces, temperatures, processes, health });
}

export interface RejectedRow {
  readonly message: Message;
  readonly reason: string;
  readonly detail: string;
}

/** Enough of a payload to see what is wrong with it. */
const PAYLOAD_KEPT = 4096;

export const encodeRejected = (rows: readonly RejectedRow[], stream: string): Buffer =>
  encodeBlock(rows.length, [
    column('received_ts', rows, dateTime64((row) => row.message.received_ts)),
    column('subject', rows, string((row) => row.message.subject)),
    column('reason', rows, string((row) => row.reason)),
    column('detail', rows, string((row) => row.detail)),
    column('payload', rows, string((row) => Buffer.from(row.message.data.subarray(0, PAYLOAD_KEPT)).toString('utf8'))),
    column('stream', rows, string(() => stream)),
    column('stream_seq', rows, uint64((row) => row.message.stream_seq)),
  ]);
