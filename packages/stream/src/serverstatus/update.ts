import { KIB, MIB, decodeSample, err, ok, sampleSubject, type Inventory, type Result, type Sample } from '@vacancy/shared';
import type { Account } from './accounts.js';

/** What the connection knows and the message doesn't say. */
export interface Arrival {
  readonly server: string;
  readonly boot_id: string;
  readonly seq: number;
  /** When the line arrived: the protocol has no time of its own. */
  readonly ts: number;
  readonly interval_ms: number;
  readonly address: string;
  readonly account: Account;
}

export interface Update {
  readonly sample: Sample;
  readonly inventory: Inventory;
}

/** The JSON of an `update` line → a sample and an inventory that the contract accepts, or why not. Memory comes in KiB, disks and cards in MiB. */
export function translate(json: string, arrival: Arrival): Result<Update, string> {
  let fields: Fields;
  try {
    fields = JSON.parse(json) as Fields;
  } catch {
    return err('not JSON');
  }
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) return err('not an object');
  const missing = REQUIRED.find((name) => amount(fields[name], 1) === undefined);
  if (missing) return err(`${missing} is missing or not a number of 0 or more`);
  const cards = cardsOf(fields.gpu_status);
  const sample = sampleOf(fields, cards, arrival);
  const checked = decodeSample(sampleSubject(arrival.server), Buffer.from(JSON.stringify(sample)));
  if (!checked.ok) return err(checked.error.detail);
  return ok({ sample, inventory: inventoryOf(fields, cards.known, arrival) });
}

type Fields = Readonly<Record<string, unknown>>;

const REQUIRED = ['uptime', 'cpu', 'memory_total', 'memory_used', 'hdd_total', 'hdd_used', 'network_in', 'network_out'] as const;

function sampleOf(fields: Fields, cards: Cards, arrival: Arrival): Sample {
  const { server, boot_id, seq, ts, interval_ms } = arrival;
  return {
    v: 1, server, boot_id, seq, ts, interval_ms,
    uptime_s: amount(fields.uptime, 1)!,
    cpu: fields.cpu as number,
    ...known('load1', decimal(fields.load_1)), ...known('load5', decimal(fields.load_5)), ...known('load15', decimal(fields.load_15)),
    memory_total: amount(fields.memory_total, KIB)!, memory_used: amount(fields.memory_used, KIB)!,
    ...known('swap_total', amount(fields.swap_total, KIB)), ...known('swap_used', amount(fields.swap_used, KIB)),
    hdd_total: amount(fields.hdd_total, MIB)!, hdd_used: amount(fields.hdd_used, MIB)!,
    network_in: amount(fields.network_in, 1)!, network_out: amount(fields.network_out, 1)!,
    gpus: cards.known.map(({ id, memory_total, memory_used }) => ({ id, memory_total, memory_used })),
    ...(cards.unknown > 0 && { health: { failures: [{ collector: 'gpu_status', reason: 'cards that could not be read', count: cards.unknown }] } }),
  };
}

function inventoryOf(fields: Fields, cards: readonly Card[], arrival: Arrival): Inventory {
  const { account, server } = arrival;
  return {
    v: 1, server, name: text(account.name, 64) ?? server, address: arrival.address,
    ...known('location', text(account.location, 128)), ...known('os', text(fields.os, 128)), ...known('cpu_model', text(fields.cpu_model, 128)),
    ...known('cpu_cores', cores(fields.cpu_cores)),
    memory_limit: amount(fields.memory_total, KIB)!, hdd_total: amount(fields.hdd_total, MIB)!,
    agent_version: 'ServerStatus',
    gpu_num: cards.length,
    gpus: cards.map((card) => ({ gpu_id: card.id, gpu_type: card.model, gpu_memory_limit: card.memory_total })),
  };
}

interface Card {
  readonly id: number;
  readonly model: string;
  readonly memory_total: number;
  readonly memory_used: number;
}

interface Cards {
  readonly known: readonly Card[];
  readonly unknown: number;
}

/** `[id, model, used MiB, total MiB]` for each card. One that can't be read is left out and counted: its memory is not known, not 0. */
function cardsOf(gpu_status: unknown): Cards {
  const rows = Array.isArray(gpu_status) ? gpu_status : [];
  const known = rows.flatMap((row) => cardOf(row) ?? []);
  return { known, unknown: rows.length - known.length };
}

function cardOf(row: unknown): Card | undefined {
  if (!Array.isArray(row)) return undefined;
  const id = typeof row[0] === 'string' && /^\d{1,3}$/.test(row[0]) ? Number(row[0]) : (row[0] as unknown);
  const model = text(row[1], 128);
  const memory_used = amount(row[2], MIB);
  const memory_total = amount(row[3], MIB);
  if (!Number.isInteger(id) || model === undefined || memory_used === undefined || memory_total === undefined) return undefined;
  return { id: id as number, model, memory_total, memory_used };
}

/** A finite number of 0 or more, whole after the unit; fractions are fine (the Go server drops such updates whole). */
function amount(value: unknown, unit: number): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? Math.round(value * unit) : undefined;
}

const decimal = (value: unknown): number | undefined =>
  typeof value === 'number' && value >= 0 && value <= 1e6 ? value : undefined;

const cores = (value: unknown): number | undefined =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 65_536 ? (value as number) : undefined;

/** Text of strangers: one line, bounded. It is escaped where it is shown. */
function text(value: unknown, length: number): string | undefined {
  if (typeof value !== 'string') return undefined;
  return value.replace(/\p{Cc}/gu, ' ').trim().slice(0, length) || undefined;
}

const known = <K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> =>
  (value === undefined ? {} : { [key]: value }) as Partial<Record<K, V>>;
