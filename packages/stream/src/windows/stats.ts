import { DEFAULT_IDLE, WINDOW_LABELS, WINDOW_LENGTHS, type IdleRate, type IdleThresholds, type Millis, type WindowLabel, type WindowStats } from '@vacancy/shared';

/** The windows that are kept of cards unless others are named: those that rows and the recommendation show. */
export const CARD_LABELS = ['5m', '60m'] as const satisfies readonly WindowLabel[];
export type CardLabels = (typeof CARD_LABELS)[number];
/** The window of which a card's median utilisation is kept unless others are named: what the card is doing now. */
const UTILIZATION_LABELS: readonly WindowLabel[] = ['5m'];

export interface WindowsOptions<Label extends string = WindowLabel, CardLabel extends Label = Label & CardLabels> {
  /** Lengths of the windows by name, ms. */
  readonly lengths?: Readonly<Record<Label, Millis>>;
  /** Those of which figures of each card are wanted. */
  readonly card_labels?: readonly CardLabel[];
  /** Those among them in which the median of utilisation is wanted too. */
  readonly utilization_labels?: readonly CardLabel[];
  /** How far a sample may lie behind the newest one of its server and still be placed, ms. */
  readonly lateness_ms?: Millis;
  /** What counts as an idle card. */
  readonly idle?: IdleThresholds;
  /** Most samples kept for one server; beyond it the oldest leave early and coverage shows it. At most 65,535. */
  readonly max_samples?: number;
}

/** The options with every default applied, checked once. */
export interface WindowsSettings<Label extends string, CardLabel extends Label = Label> {
  /** The shortest window first. */
  readonly labels: readonly Label[];
  /** In the order of `labels`, ms. */
  readonly lengths: readonly Millis[];
  readonly card_labels: readonly CardLabel[];
  /** Of each window, its place among those; -1 where no figures of each card are wanted. */
  readonly card_places: readonly number[];
  /** Of each window, the place of its series among those of a card's utilisation; -1 where none is kept. And how many are kept. */
  readonly utilization_places: readonly number[];
  readonly utilization_num: number;
  readonly lateness_ms: Millis;
  readonly idle: IdleThresholds;
  readonly max_samples: number;
}

export const DEFAULT_LATENESS_MS = 10_000;
/** An hour at 4 Hz. */
export const DEFAULT_MAX_SAMPLES = 16_384;
/** A card's silence is no proof of idleness: below this coverage nothing is called occupied but idle. */
export const OCCUPIED_IDLE_COVERAGE = 0.9;
/** A server seen for less than half a window is neither its busiest nor its idlest. */
export const RANKED_COVERAGE = 0.5;

/** What became of a sample; only a `recorded` one changed a window. */
export type Outcome = 'recorded' | 'late' | 'duplicate';

export interface NetworkRates {
  /** Bytes per second; null when no two samples show an increase. */
  readonly network_up: number | null;
  readonly network_down: number | null;
}

/** One card over one window. */
export interface CardStats {
  /** Observed time of this card ÷ length of the window, 0–1. */
  readonly coverage: number;
  readonly idle_rate: IdleRate;
  /** Percent, over the samples that know it; null when none does, and in windows in which it is not kept. */
  readonly utilization_median: number | null;
  /** Memory held throughout the window while the card did no work in it. */
  readonly occupied_idle: boolean;
}

export type CardWindows<CardLabel extends string = CardLabels> = Readonly<Record<CardLabel, CardStats>>;

/** Everything that is known of one server. */
export interface ServerWindows<Label extends string = WindowLabel, CardLabel extends Label = Label & CardLabels> {
  readonly windows: Readonly<Record<Label, WindowStats>>;
  /** By card id. */
  readonly gpus: ReadonlyMap<number, CardWindows<CardLabel>>;
}

export interface RankedServer {
  readonly server: string;
  /** Percent. */
  readonly cpu_mean: number;
}

/** The whole fleet over one window. */
export interface FleetWindow {
  readonly idle_rate: IdleRate;
  readonly busy_server: RankedServer | null;
  readonly idle_server: RankedServer | null;
}

export function settle<Label extends string, CardLabel extends Label>(options: WindowsOptions<Label, CardLabel>): WindowsSettings<Label, CardLabel> {
  const lengths = (options.lengths ?? WINDOW_LENGTHS) as Readonly<Record<Label, Millis>>;
  const labels = (Object.keys(lengths) as Label[]).sort((a, b) => lengths[a] - lengths[b]);
  const known = (of: readonly string[]): CardLabel[] => of.filter((label) => label in lengths) as CardLabel[];
  const places = (among: readonly Label[]): number[] => labels.map((label) => among.indexOf(label));
  const card_labels = options.card_labels ?? known(CARD_LABELS);
  const utilization_labels = options.utilization_labels ?? known(UTILIZATION_LABELS);
  const { lateness_ms = DEFAULT_LATENESS_MS, idle = DEFAULT_IDLE, max_samples = DEFAULT_MAX_SAMPLES } = options;
  if (labels.length === 0 || labels.some((label) => !(lengths[label] > 0))) throw new RangeError('windows: every length must be positive');
  if (!(lateness_ms >= 0)) throw new RangeError('windows: lateness_ms must not be negative');
  if (!(max_samples >= 1 && max_samples <= 65_535)) throw new RangeError('windows: max_samples must lie between 1 and 65,535');
  return {
    labels, lengths: labels.map((label) => lengths[label]), card_labels, card_places: places(card_labels), utilization_places: places(utilization_labels), utilization_num: utilization_labels.length,
    lateness_ms, idle, max_samples,
  };
}

/** What is known of a server without a sample. */
export function emptyServerWindows<Label extends string = WindowLabel, CardLabel extends Label = Label & CardLabels>(
  labels: readonly Label[] = WINDOW_LABELS as readonly string[] as readonly Label[],
): ServerWindows<Label, CardLabel> {
  const nothing: WindowStats = { cpu_median: null, cpu_mean: null, cpu_min: null, cpu_max: null, coverage: 0, idle_rate: { free8g: null, used10pct: null } };
  return { windows: byLabel(labels, () => nothing), gpus: new Map() };
}

/** A record of what `of` says of each label. */
export function byLabel<Label extends string, T>(labels: readonly Label[], of: (which: number) => T): Record<Label, T> {
  const record = {} as Record<Label, T>;
  for (let which = 0; which < labels.length; which++) record[labels[which]!] = of(which);
  return record;
}
