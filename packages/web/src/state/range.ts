import { DAY, HOUR, MINUTE } from '@vacancy/shared';

/** What part of time is looked at: the last `span_ms`, moving along, or a fixed piece. Unix ms. */
export type Range = { kind: 'live'; span_ms: number } | { kind: 'fixed'; from: number; to: number };

export interface Stretch {
  from: number;
  to: number;
}

export const PRESETS = ['15m', '1h', '6h', '24h', '7d', '30d', '90d', '1y', '5y'] as const;
export type Preset = (typeof PRESETS)[number];

const UNITS: Record<string, number> = { m: MINUTE, h: HOUR, d: DAY, y: 365 * DAY };
const MIN_SPAN_MS = MINUTE;
const MAX_SPAN_MS = 20 * 365 * DAY;
/** A stretch that ends this close to now, as a share of its length, goes on live. */
const LIVE_EDGE = 0.02;

/** `15m`, `6h`, `30d`, `1y` → ms; `null` for anything else, or for a span nobody could see. */
export function parseSpan(text: string): number | null {
  const match = /^(\d{1,8})([mhdy])$/.exec(text);
  const span = match ? Number(match[1]) * UNITS[match[2]!]! : NaN;
  return span >= MIN_SPAN_MS && span <= MAX_SPAN_MS ? span : null;
}

/** The shortest way to write a span in whole minutes, hours, days or years. */
export function spanText(span_ms: number): string {
  const preset = PRESETS.find((candidate) => parseSpan(candidate) === span_ms);
  if (preset) return preset;
  const unit = Object.entries(UNITS).findLast(([, length]) => span_ms % length === 0);
  return unit ? `${span_ms / unit[1]}${unit[0]}` : `${Math.max(1, Math.round(span_ms / MINUTE))}m`;
}

/** What an address says; anything that makes no sense becomes the last `fallback`. */
export function parseRange(query: Readonly<Record<string, unknown>>, fallback: Preset): Range {
  const from = Number(query['from']);
  const to = Number(query['to']);
  if (query['from'] !== undefined && Number.isFinite(from) && Number.isFinite(to) && to - from >= MIN_SPAN_MS && from >= 0) return { kind: 'fixed', from, to };
  const span = typeof query['span'] === 'string' ? parseSpan(query['span']) : null;
  return { kind: 'live', span_ms: span ?? parseSpan(fallback)! };
}

export function rangeQuery(range: Range, fallback: Preset): Record<'span' | 'from' | 'to', string | undefined> {
  if (range.kind === 'fixed') return { span: undefined, from: String(Math.round(range.from)), to: String(Math.round(range.to)) };
  const span = spanText(range.span_ms);
  return { span: span === fallback ? undefined : span, from: undefined, to: undefined };
}

export const stretchOf = (range: Range, now: number): Stretch =>
  range.kind === 'live' ? { from: now - range.span_ms, to: now } : { from: range.from, to: range.to };

/** A stretch someone chose with the mouse: one that reaches to now goes on live, in whole minutes. */
export function rangeOf(stretch: Stretch, now: number): Range {
  const span = Math.min(MAX_SPAN_MS, Math.max(MIN_SPAN_MS, stretch.to - stretch.from));
  if (stretch.to >= now - span * LIVE_EDGE) return { kind: 'live', span_ms: Math.max(MIN_SPAN_MS, Math.round(span / MINUTE) * MINUTE) };
  return { kind: 'fixed', from: stretch.from, to: stretch.from + span };
}

/** Moved by `share` of its length, never past now. */
export function shift(stretch: Stretch, share: number, now: number): Stretch {
  const length = stretch.to - stretch.from;
  const by = Math.min(share * length, Math.max(0, now - stretch.to));
  return { from: stretch.from + by, to: stretch.to + by };
}

/** Longer or shorter by `factor`, around its middle, or its end when that is now. */
export function zoom(stretch: Stretch, factor: number, now: number): Stretch {
  const length = stretch.to - stretch.from;
  const next = Math.min(MAX_SPAN_MS, Math.max(MIN_SPAN_MS, length * factor));
  const anchored = stretch.to >= now - length * LIVE_EDGE;
  const to = anchored ? now : Math.min(now, stretch.to + (next - length) / 2);
  return { from: to - next, to };
}

/** Half a length more on both sides, so that a drag shows data before any is fetched. */
export function withMargin(stretch: Stretch, now: number): Stretch {
  const half = (stretch.to - stretch.from) / 2;
  return { from: stretch.from - half, to: Math.max(stretch.to, Math.min(now, stretch.to + half)) };
}
