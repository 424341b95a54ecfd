import { MIB } from '@vacancy/shared/plain';

/**
 * What is asked of every card, in this order; every driver since 2013 knows these. The name comes last: it alone could hold a comma.
 */
export const GPU_FIELDS = [
  'index', 'uuid', 'pci.bus_id', 'memory.total', 'memory.used', 'utilization.gpu', 'temperature.gpu', 'power.draw', 'driver_version', 'name',
] as const;
export const APP_FIELDS = ['gpu_uuid', 'pid', 'used_memory', 'name'] as const;

/** One card as the tool told it; what it would not tell is absent. */
export interface GpuRow {
  readonly id: number;
  readonly uuid?: string;
  readonly bus_id?: string;
  readonly gpu_type: string;
  readonly driver_version?: string;
  readonly memory_total: number;
  readonly memory_used: number;
  readonly utilization?: number;
  readonly temperature?: number;
  readonly power?: number;
}

export interface AppRow {
  readonly uuid: string;
  readonly pid: number;
  readonly memory_used?: number;
  /** The program's path as the driver knows it. */
  readonly name?: string;
}

/** A line of the tool: a card, a card that cannot be used with the reason, or a sentence for people. */
export type GpuLine =
  | { readonly kind: 'card'; readonly row: GpuRow }
  | { readonly kind: 'unreadable'; readonly id: number; readonly bus_id?: string; readonly reason: string }
  | { readonly kind: 'notice'; readonly text: string };

/** One line of `--query-gpu=… --format=csv,noheader,nounits`. Sizes are in MiB, power in watts. */
export function parseGpuLine(line: string): GpuLine {
  const fields = line.split(',').map((field) => field.trim());
  const [index, uuid, bus_id, total, used, utilization, temperature, power, driver] = fields;
  const id = fields.length >= GPU_FIELDS.length ? toNumber(index) : undefined;
  if (id === undefined || !Number.isInteger(id) || id > 255) return { kind: 'notice', text: line.trim() };
  const memory_total = toNumber(total);
  const memory_used = toNumber(used);
  const unreadable = (reason: string): GpuLine => ({ kind: 'unreadable', id, ...known('bus_id', toText(bus_id)), reason: `card ${id}: ${reason}` });
  const fault = [total, used, utilization, temperature, power].find((field) => FAULT.test(field!));
  if (fault !== undefined) return unreadable(fault);
  if (memory_total === undefined || memory_used === undefined) return unreadable(`memory ${memory_total === undefined ? total : used}`);
  return {
    kind: 'card',
    row: {
      id,
      ...known('uuid', toText(uuid)),
      ...known('bus_id', toText(bus_id)),
      gpu_type: toText(fields.slice(GPU_FIELDS.length - 1).join(', ')) ?? 'unknown',
      ...known('driver_version', toText(driver)),
      memory_total: memory_total * MIB,
      memory_used: memory_used * MIB,
      ...known('utilization', within(toNumber(utilization), 0, 100)),
      ...known('temperature', within(toNumber(temperature), -273, 1_000)),
      ...known('power', within(toNumber(power), 0, 100_000)),
    },
  };
}

/** One line of `--query-compute-apps=…`; `null` for anything that names no process. */
export function parseAppLine(line: string): AppRow | null {
  const fields = line.split(',').map((field) => field.trim());
  const [uuid, pidText, memory] = fields;
  const pid = toNumber(pidText);
  if (fields.length < APP_FIELDS.length || !uuid || pid === undefined || !Number.isInteger(pid)) return null;
  const mib = toNumber(memory);
  return { uuid, pid, ...known('memory_used', mib === undefined ? undefined : mib * MIB), ...known('name', toText(fields.slice(3).join(', '))) };
}

/** The header of `nvidia-smi -q` or `--version` → the newest CUDA that the driver runs. */
export const parseCudaVersion = (text: string): string | undefined => /^CUDA Version\s*:\s*(\d[\d.]*)/im.exec(text)?.[1];

/** A card in this state computes for nobody, yet may say that 0 MiB of it are in use: it would look like the freest of all. */
const FAULT = /^\[?(?:GPU requires reset|GPU is lost|GPU access blocked)/i;

/**
 * `[N/A]`, `N/A`, `[Not Supported]`, `[Unknown Error]`, `ERR!`, `[Insufficient Permissions]`, `[GPU is lost]`: whatever is no number is
 * not known. An empty field is no zero either.
 */
const toNumber = (text: string | undefined): number | undefined => (text && /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : undefined);

const toText = (text: string | undefined): string | undefined => (text && !/^\[.*\]$|^N\/A$|^ERR!$/.test(text) ? text : undefined);

const within = (value: number | undefined, min: number, max: number): number | undefined =>
  value !== undefined && value >= min && value <= max ? value : undefined;

const known = <K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } =>
  (value === undefined ? {} : { [key]: value }) as { [P in K]?: V };
