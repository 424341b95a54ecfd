import type { Alert, LiveRow, LiveGpu, Overview } from './api.js';

/** What a page subscribes to. */
export type Topic = 'fleet' | `server:${string}`;

export type Ack = (answer: { ok: boolean; error?: string }) => void;

export interface ClientToServer {
  subscribe: (request: { topic: Topic }, ack?: Ack) => void;
  unsubscribe: (request: { topic: Topic }, ack?: Ack) => void;
}

/** The fleet's rows come without processes: they would be most of the bytes and no table shows them. */
export type FleetGpu = Omit<LiveGpu, 'processes'>;
export type FleetRow = Omit<LiveRow, 'gpus'> & { gpus: FleetGpu[] };

export interface FleetData {
  overview: Overview;
  servers: FleetRow[];
}

/** `server` and the fields that changed; a changed card as `id` and its changed fields; `gpus_removed` lists cards that left. */
export type RowDelta<Row extends { gpus: { id: number }[] }> = { server: string } & Partial<Omit<Row, 'gpus' | 'server'>> & {
    gpus?: (Partial<Row['gpus'][number]> & { id: number })[];
    gpus_removed?: number[];
  };

export interface FleetDelta {
  overview?: Overview;
  servers?: RowDelta<FleetRow>[];
  removed?: string[];
}

export type Snapshot =
  | { topic: 'fleet'; ts: number; data: FleetData }
  | { topic: `server:${string}`; ts: number; data: LiveRow };

export type Delta =
  | { topic: 'fleet'; ts: number; data: FleetDelta }
  | { topic: `server:${string}`; ts: number; data: LiveRow };

export interface ReportEvent {
  period: 'day' | 'week' | 'month' | 'year';
  start: string;
  revision: number;
  ts: number;
}

export interface ServerToClient {
  snapshot: (snapshot: Snapshot) => void;
  delta: (delta: Delta) => void;
  alert: (alert: Alert) => void;
  report: (report: ReportEvent) => void;
}

/**
 * Applies a delta to a row in place of the old one: `applyRow(row, diffRow(row, next))` equals `next`.
 * A field that became unknown travels as `null`.
 */
export function applyRow<Row extends { server: string; gpus: { id: number }[] }>(row: Row, delta: RowDelta<Row>): Row {
  const { gpus, gpus_removed, ...fields } = delta;
  const next = { ...row, ...fields } as Row;
  if (gpus || gpus_removed) {
    const cards = new Map(row.gpus.map((card) => [card.id, card]));
    for (const id of gpus_removed ?? []) cards.delete(id);
    for (const card of gpus ?? []) cards.set(card.id, { ...cards.get(card.id), ...card } as Row['gpus'][number]);
    next.gpus = [...cards.values()].sort((a, b) => a.id - b.id);
  }
  return next;
}

/** What must travel to turn `before` into `after`, or `null` when nothing changed. */
export function diffRow<Row extends { server: string; gpus: { id: number }[] }>(before: Row, after: Row): RowDelta<Row> | null {
  const delta = (diffFields(before, after, 'gpus') ?? {}) as RowDelta<Row>;
  const old = new Map(before.gpus.map((card) => [card.id, card]));
  const gpus: RowDelta<Row>['gpus'] = [];
  for (const card of after.gpus) {
    const known = old.get(card.id);
    const changed = known ? diffFields(known, card) : card;
    if (changed) gpus.push({ ...changed, id: card.id });
    old.delete(card.id);
  }
  if (gpus.length > 0) delta.gpus = gpus;
  if (old.size > 0) delta.gpus_removed = [...old.keys()];
  return Object.keys(delta).length > 0 ? { ...delta, server: after.server } : null;
}

function diffFields<T extends object>(before: T, after: T, except?: keyof T): Partial<T> | null {
  const changed: Partial<T> = {};
  for (const key of Object.keys(after) as (keyof T)[]) {
    if (key !== except && !same(before[key], after[key])) changed[key] = after[key];
  }
  return Object.keys(changed).length > 0 ? changed : null;
}

/** Deep equality of JSON values. */
export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => same((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]))
  );
}
