import type { Report, ReportComparison, ReportListItem } from '@vacancy/shared';

/** A number of a report, or that it is not known, by its path: `fleet.cpu_mean`, `servers.gpu01.gpus.0.idle_rate.free8g`. */
export type Figures = Map<string, number | null>;

export interface Change {
  readonly field: string;
  readonly before: number | null;
  readonly after: number | null;
}

/** Enough to see what happened; the rest can be had by comparing two revisions. */
const MOST_CHANGES = 500;

/** What names an entry of a list instead of its position. */
const NAMES = ['server', 'user', 'id'] as const;

/** Every figure of a value. Names, dates and texts are no figures; moments are not either. */
export function figuresOf(value: unknown, path = '', figures: Figures = new Map()): Figures {
  if (typeof value === 'number' || value === null) figures.set(path, value);
  else if (Array.isArray(value)) value.forEach((entry, i) => figuresOf(entry, `${path}.${nameOf(entry) ?? i}`, figures));
  else if (typeof value === 'object') {
    for (const [key, entry] of Object.entries(value as object)) {
      if (!NO_FIGURE.has(key)) figuresOf(entry, path ? `${path}.${key}` : key, figures);
    }
  }
  return figures;
}

const NO_FIGURE = new Set(['ts', 'id', 'first_seen', 'revision', 'formula', 'generated_at', 'changes', 'trends', 'heatmap', 'summary', 'idle', 'period', 'late', 'open']);

function nameOf(entry: unknown): string | undefined {
  if (typeof entry !== 'object' || entry === null) return undefined;
  const key = NAMES.find((name) => name in entry);
  return key && String((entry as Record<string, unknown>)[key]);
}

/** Figures that differ by more than the noise of adding in another order; `null` where one of the two has no such figure. */
export function changesBetween(before: unknown, after: unknown): Change[] {
  const [was, is] = [figuresOf(before), figuresOf(after)];
  const changes: Change[] = [];
  for (const field of new Set([...was.keys(), ...is.keys()])) {
    const change = { field, before: was.get(field) ?? null, after: is.get(field) ?? null };
    if (!close(change.before, change.after)) changes.push(change);
  }
  return changes.slice(0, MOST_CHANGES);
}

/** Whether two makings of one report say the same, names and texts included. */
export function saysTheSame(a: unknown, b: unknown): boolean {
  if (typeof a === 'number' && typeof b === 'number') return close(a, b);
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].every((key) => CIRCUMSTANCES.has(key) || saysTheSame((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]));
}

/** What tells of a making and not of the period. */
const CIRCUMSTANCES = new Set(['generated_at', 'revision', 'changes', 'late']);

const close = (a: number | null, b: number | null): boolean =>
  a === b || (a !== null && b !== null && Math.abs(a - b) <= 1e-8 * Math.max(Math.abs(a), Math.abs(b)));

export const listItem = ({ period, start, end, revision, generated_at, coverage, late }: Report): ReportListItem => ({ period, start, end, revision, generated_at, coverage, late });

/** Two reports of one kind side by side. */
export function compareReports(a: Report, b: Report): ReportComparison {
  const pairs = (left: unknown, right: unknown) => {
    const [first, second] = [figuresOf(left), figuresOf(right)];
    return [...new Set([...first.keys(), ...second.keys()])].map((field) => ({ field, a: first.get(field) ?? null, b: second.get(field) ?? null }));
  };
  const fleet = ({ general, fleet }: Report) => ({ general, fleet });
  const others = new Map(b.servers.map((server) => [server.server, server]));
  const servers = a.servers.flatMap((server) => {
    const other = others.get(server.server);
    return other ? [{ server: server.server, name: other.name, fields: pairs({ ...server, gpus: undefined }, { ...other, gpus: undefined }) }] : [];
  });
  return { period: a.period, a: listItem(a), b: listItem(b), fields: pairs(fleet(a), fleet(b)), servers };
}
