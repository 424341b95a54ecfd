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
    const cards = row.gpus.filter((card) => !gpus_removed?.includes(card.id));
    let added = false;
    // Few cards: looking through them is several times faster than an index made for each row.
    for (const card of gpus ?? []) {
      const at = cards.findIndex((known) => known.id === card.id);
      if (at >= 0) cards[at] = { ...cards[at], ...card } as Row['gpus'][number];
      else added = cards.push(card as Row['gpus'][number]) > 0;
    }
    next.gpus = added ? cards.sort((a, b) => a.id - b.id) : cards;
  }
  return next;
}

type Row = { server: string; gpus: { id: number }[] };

/** What must travel to turn `before` into `after`, or `null` when nothing changed; `hidden` names a field of the cards that does not travel. */
export function diffRow<R extends Row>(before: R, after: R, hidden?: keyof R['gpus'][number]): RowDelta<R> | null {
  const delta = diffFields(before, after, 'gpus') as RowDelta<R> | null;
  const gpus: RowDelta<R>['gpus'] = [];
  for (let i = 0; i < after.gpus.length; i++) {
    const card: R['gpus'][number] = after.gpus[i]!;
    const known = cardOf(before, card.id, i);
    const changed = known ? diffFields(known, card, hidden) : without(card, hidden);
    if (changed) gpus.push({ ...changed, id: card.id });
  }
  const gone = before.gpus.filter(({ id }, i) => !cardOf(after, id, i)).map(({ id }) => id);
  if (!delta && gpus.length === 0 && gone.length === 0) return null;
  return { ...delta, server: after.server, ...(gpus.length > 0 && { gpus }), ...(gone.length > 0 && { gpus_removed: gone }) } as RowDelta<R>;
}

/** Cards are in the order of their ids: nearly always where one was looked for. */
const cardOf = <R extends Row>({ gpus }: R, id: number, at: number): R['gpus'][number] | undefined =>
  gpus[at]?.id === id ? gpus[at] : gpus.find((card) => card.id === id);

function without<T extends object>(whole: T, field: keyof T | undefined): T {
  if (field === undefined) return whole;
  const rest = { ...whole };
  delete rest[field];
  return rest;
}

/** A thousand rows a second come through here: no list of keys is made, and no object unless something changed. */
function diffFields<T extends object>(before: T, after: T, except?: keyof T): Partial<T> | null {
  let changed: Partial<T> | null = null;
  for (const key in after) {
    if (key !== except && !same(before[key], after[key])) (changed ??= {} as Partial<T>)[key] = after[key];
  }
  return changed;
}

/** Deep equality of JSON values. */
export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  let keys = 0;
  for (const key in a) {
    if (!same((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key])) return false;
    keys++;
  }
  return keys === Object.keys(b).length;
}
