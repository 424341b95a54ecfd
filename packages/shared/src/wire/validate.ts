import { Compile } from 'typebox/compile';
import { err, ok, type Result } from '../result.js';
import { InventorySchema, type Inventory } from './inventory.js';
import { MAX_SAMPLE_BYTES, SampleSchema, type Sample } from './sample.js';
import { serverOfSubject } from './subjects.js';

/** Why a message was set aside. `code` is a closed set, counted and stored; `detail` is for people. */
export interface Rejection {
  readonly code: 'too_large' | 'not_json' | 'invalid' | 'wrong_server' | 'used_over_total' | 'duplicate_gpu';
  readonly detail: string;
}

/** Used may pass total by this much before it is called nonsense (units are rounded at the source). */
const USED_TOLERANCE = 1.01;

declare const TextDecoder: new (label: string, options: { fatal: boolean }) => { decode(data: Uint8Array): string };

const sampleCheck = Compile(SampleSchema);
const inventoryCheck = Compile(InventorySchema);
const decoder = new TextDecoder('utf-8', { fatal: true });

/** Bytes from the broker → a sample whose every field keeps its promise, or the reason why not. */
export function decodeSample(subject: string, data: Uint8Array): Result<Sample, Rejection> {
  const parsed = decode<Sample>(subject, data, sampleCheck);
  return parsed.ok ? checkAmounts(parsed.value) : parsed;
}

export const decodeInventory = (subject: string, data: Uint8Array): Result<Inventory, Rejection> =>
  decode<Inventory>(subject, data, inventoryCheck);

interface Check {
  Check(value: unknown): boolean;
  Errors(value: unknown): Iterable<{ instancePath: string; message: string }>;
}

function decode<T extends { server: string }>(subject: string, data: Uint8Array, check: Check): Result<T, Rejection> {
  if (data.length > MAX_SAMPLE_BYTES) return reject('too_large', `${data.length} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(data));
  } catch (cause) {
    return reject('not_json', (cause as Error).message);
  }
  if (!check.Check(value)) return reject('invalid', firstError(check, value));
  const message = value as T; // the compiled schema has just said so
  const server = serverOfSubject(subject);
  if (message.server !== server) return reject('wrong_server', `${message.server} on ${subject}`);
  return ok(message);
}

function checkAmounts(sample: Sample): Result<Sample, Rejection> {
  if (over(sample.memory_used, sample.memory_total)) return reject('used_over_total', 'memory');
  if (over(sample.hdd_used, sample.hdd_total)) return reject('used_over_total', 'hdd');
  if (sample.swap_used !== undefined && over(sample.swap_used, sample.swap_total ?? 0)) return reject('used_over_total', 'swap');
  for (let i = 0; i < sample.gpus.length; i++) {
    const gpu = sample.gpus[i]!;
    if (over(gpu.memory_used, gpu.memory_total)) return reject('used_over_total', `gpu ${gpu.id} memory`);
    for (let j = 0; j < i; j++) if (sample.gpus[j]!.id === gpu.id) return reject('duplicate_gpu', `gpu ${gpu.id}`);
  }
  return ok(sample);
}

const over = (used: number, total: number): boolean => used > total * USED_TOLERANCE;

function firstError(check: Check, value: unknown): string {
  for (const error of check.Errors(value)) return `${error.instancePath || '/'} ${error.message}`;
  return 'does not match the schema';
}

const reject = (code: Rejection['code'], detail: string): Result<never, Rejection> => err({ code, detail: detail.slice(0, 300) });

