import { MINUTE, SECOND, type Alert, type Alerts, type LiveRow, type Millis } from '@vacancy/shared';
import { NOTHING, conditionsOf, conditionsOfService, remember, type Condition, type ConditionKind, type Memory, type ServiceLag } from './conditions.js';
import { sentence } from './words.js';

export interface Seen extends ServiceLag {
  readonly rows: readonly LiveRow[];
}

/** What survives a restart, so that nothing is told again and nothing that began meanwhile is missed. */
export interface AlertsState {
  readonly version: 1;
  readonly standing: readonly Standing[];
  readonly recent: readonly Alert[];
}

interface Standing {
  readonly key: string;
  readonly alert: Alert;
  /** Whether anybody was told: what comes and goes is told once in a while. */
  readonly told: boolean;
}

/** How long something must be wrong before anybody is told. */
const HOLD_MS: Readonly<Record<ConditionKind, number>> = {
  server_offline: 30 * SECOND,
  gpu_missing: 2 * MINUTE,
  disk_nearly_full: 10 * MINUTE,
  clock_skewed: MINUTE,
  spool_dropped: 0,
  lagging: MINUTE,
};
/** The same thing is told once within this time, however often it comes and goes. */
const QUIET_MS = 10 * MINUTE;
const MOST_RECENT = 200;

/** Watches the live table for what people want to be told. The time is always told to it, never asked for. */
export class AlertWatch {
  readonly #standing: Map<string, Standing>;
  readonly #memories = new Map<string, Memory>();
  #recent: readonly Alert[];

  constructor(state?: AlertsState | null) {
    this.#standing = new Map(state?.standing.map((one) => [one.key, one]));
    this.#recent = state?.recent ?? [];
  }

  /** @returns what is to be told now */
  look(seen: Seen, now: Millis): Alert[] {
    const current = new Map(this.#conditions(seen, now).map((condition) => [keyOf(condition), condition]));
    const told = [...this.#ended(current, now), ...this.#begun(current, now)];
    for (const alert of told) this.tell(alert);
    return told;
  }

  /** Notes an alert that comes from elsewhere. */
  tell(alert: Alert): void {
    this.#recent = [alert, ...this.#recent].slice(0, MOST_RECENT);
  }

  list(): Alerts {
    return { standing: [...this.#standing.values()].map(({ alert }) => alert).sort((a, b) => b.ts - a.ts), recent: [...this.#recent] };
  }

  state(): AlertsState {
    return { version: 1, standing: [...this.#standing.values()], recent: this.#recent };
  }

  #conditions({ rows, ...lag }: Seen, now: Millis): Condition[] {
    const found = conditionsOfService(lag, now);
    for (const row of rows) {
      const memory = remember(this.#memories.get(row.server) ?? NOTHING, row, now);
      this.#memories.set(row.server, memory);
      found.push(...conditionsOf(row, memory, now));
    }
    return found;
  }

  #begun(current: ReadonlyMap<string, Condition>, now: Millis): Alert[] {
    const begun: Alert[] = [];
    for (const [key, condition] of current) {
      const before = this.#standing.get(key);
      if (!before && now - condition.since < HOLD_MS[condition.kind]) continue;
      const alert = toAlert({ ...condition, since: Math.min(condition.since, Number(before?.alert.data?.['since'] ?? Infinity)) }, before?.alert.ts ?? now);
      const told = before?.told ?? !this.#toldLately(condition, now);
      this.#standing.set(key, { key, alert, told });
      if (told && !before) begun.push(alert);
    }
    return begun;
  }

  /** Of all that ends only the return of a server is told: people wait for it. */
  #ended(current: ReadonlyMap<string, Condition>, now: Millis): Alert[] {
    const back: Alert[] = [];
    for (const [key, { alert, told }] of this.#standing) {
      if (current.has(key)) continue;
      this.#standing.delete(key);
      if (told && alert.kind === 'server_offline') {
        back.push({ ...alert, id: `server_online:${alert.server}:${now}`, kind: 'server_online', ts: now, data: { ...alert.data, since: now }, message: sentence({ kind: 'server_online', data: alert.data }, 'en') });
      }
    }
    return back;
  }

  #toldLately({ kind, server }: Condition, now: Millis): boolean {
    return this.#recent.some((alert) => alert.kind === kind && alert.server === (server ?? undefined) && now - alert.ts < QUIET_MS);
  }
}

const keyOf = ({ kind, server }: Condition): string => `${kind}:${server ?? ''}`;

const toAlert = (condition: Condition, ts: Millis): Alert => ({
  id: `${keyOf(condition)}:${condition.since}`,
  ts,
  kind: condition.kind,
  ...(condition.server !== null && { server: condition.server }),
  message: sentence(condition, 'en'),
  data: { ...condition.data, since: condition.since },
});

/** For the state file: what another version wrote is not understood. */
export const isAlertsState = (value: unknown): value is AlertsState =>
  typeof value === 'object' && value !== null && 'version' in value && value.version === 1 && 'standing' in value && Array.isArray(value.standing) && 'recent' in value && Array.isArray(value.recent);
