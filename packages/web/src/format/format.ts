/** Everything a page says with digits: numbers, sizes, rates, times and durations in one language. Unknown is an en dash. */
export interface Format {
  number(value: Maybe, digits?: number): string;
  /** 0–100. */
  percent(value: Maybe, digits?: number): string;
  /** 0–1. */
  share(value: Maybe, digits?: number): string;
  /** Binary units, as `nvidia-smi` and `ls -h` mean them: 12.3 GiB. */
  bytes(value: Maybe, digits?: number): string;
  /** Bytes per second. */
  rate(value: Maybe): string;
  celsius(value: Maybe): string;
  watts(value: Maybe): string;
  /** Seconds as the two largest units: 90 d 4 h. */
  duration(seconds: Maybe): string;
  /** Milliseconds since something, as “3 seconds ago”. */
  ago(ms: Maybe): string;
  time(ts: Maybe): string;
  date(ts: Maybe): string;
  dateTime(ts: Maybe): string;
  /** A moment on an axis or in a tooltip whose visible span is `span_ms`. */
  axisTime(ts: number, span_ms: number): string;
  list(items: readonly string[]): string;
}

type Maybe = number | null | undefined;
export const UNKNOWN = '–';

const SIZES = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];
const SPANS = [['day', 86_400], ['hour', 3_600], ['minute', 60], ['second', 1]] as const;
const DAY_MS = 86_400_000;

/** @param timeZone default: the reader's own. */
export function createFormat(locale: string, timeZone?: string): Format {
  const numbers = new Map<string, Intl.NumberFormat>();
  const dates = new Map<string, Intl.DateTimeFormat>();
  const relative = new Intl.RelativeTimeFormat(locale, { style: 'short', numeric: 'auto' });
  const lists = new Intl.ListFormat(locale, { type: 'unit', style: 'short' });

  const number = (value: number, options: Intl.NumberFormatOptions): string =>
    cached(numbers, JSON.stringify(options), () => new Intl.NumberFormat(locale, options)).format(value);
  const fixed = (value: number, digits: number): string =>
    number(value, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const moment = (ts: number, options: Intl.DateTimeFormatOptions): string =>
    cached(dates, JSON.stringify(options), () => new Intl.DateTimeFormat(locale, { ...options, timeZone })).format(ts);
  const size = (value: number, digits: number): string => {
    const power = value < 1 ? 0 : Math.min(SIZES.length - 1, Math.floor(Math.log2(value) / 10));
    const amount = value / 1024 ** power;
    // Four figures are the most that can be read at a glance: 1,023 GiB, but 12.3 GiB.
    return `${fixed(amount, power === 0 || amount >= 100 ? 0 : digits)}\u00a0${SIZES[power]!}`;
  };

  return {
    number: known((value, digits = 0) => fixed(value, digits)),
    percent: known((value, digits = 0) => number(value / 100, { style: 'percent', minimumFractionDigits: digits, maximumFractionDigits: digits })),
    share: known((value, digits = 0) => number(value, { style: 'percent', minimumFractionDigits: digits, maximumFractionDigits: digits })),
    bytes: known((value, digits = 1) => size(value, digits)),
    rate: known((value) => `${size(value, 1)}/s`),
    celsius: known((value) => number(value, { style: 'unit', unit: 'celsius', maximumFractionDigits: 0 })),
    watts: known((value) => `${fixed(value, 0)}\u00a0W`),
    duration: known((seconds) => duration(seconds, number)),
    ago: known((ms) => {
      // A beat of the data is no age yet.
      if (ms < 1_500) return relative.format(0, 'second');
      const [unit, length] = SPANS.find(([, span]) => ms / 1000 >= span) ?? SPANS[3];
      return relative.format(-Math.round(ms / 1000 / length), unit);
    }),
    time: known((ts) => moment(ts, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' })),
    date: known((ts) => moment(ts, { dateStyle: 'medium' })),
    dateTime: known((ts) => moment(ts, { year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' })),
    axisTime: (ts, span_ms) => moment(ts, axisStyle(span_ms, moment(ts, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }) === '00:00')),
    list: (items) => lists.format(items),
  };
}

const known =
  (format: (value: number, digits?: number) => string) =>
  (value: Maybe, digits?: number): string =>
    value === null || value === undefined || !Number.isFinite(value) ? UNKNOWN : format(value, digits);

function duration(seconds: number, number: (value: number, options: Intl.NumberFormatOptions) => string): string {
  const first = SPANS.findIndex(([, span]) => seconds >= span);
  if (first < 0) return number(0, { style: 'unit', unit: 'second', unitDisplay: 'short' });
  let rest = Math.floor(seconds);
  const parts: string[] = [];
  for (const [unit, span] of SPANS.slice(first, first + 2)) {
    const count = Math.floor(rest / span);
    rest -= count * span;
    if (count > 0) parts.push(number(count, { style: 'unit', unit, unitDisplay: 'short' }));
  }
  return parts.join(' ');
}

/** Within some days the ticks are hours, and a midnight says which day begins. */
function axisStyle(span_ms: number, midnight: boolean): Intl.DateTimeFormatOptions {
  if (span_ms <= DAY_MS / 24 / 2) return { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' };
  if (span_ms <= 15 * DAY_MS) return midnight ? { month: 'short', day: 'numeric' } : { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };
  if (span_ms <= 200 * DAY_MS) return { month: 'short', day: 'numeric' };
  return { year: 'numeric', month: 'short' };
}

function cached<T>(store: Map<string, T>, key: string, make: () => T): T {
  const found = store.get(key);
  if (found !== undefined) return found;
  const made = make();
  store.set(key, made);
  return made;
}
