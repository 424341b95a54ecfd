import Type from 'typebox';
import { GpuProcessSchema, HealthSchema, ServerId } from './wire/sample.js';
import { InventorySchema } from './wire/inventory.js';

export const API_BASE = '/api/v1';

const Nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const Num = Type.Number();
/** `null` is "not known", never 0. */
const MaybeNum = Nullable(Num);

export const IdleRateSchema = Type.Object(
  { free8g: MaybeNum, used10pct: MaybeNum },
  { description: 'Share (0–1) of the observed time in which the card was idle, by both definitions' },
);
export type IdleRate = Type.Static<typeof IdleRateSchema>;

export const WindowStatsSchema = Type.Object({
  cpu_median: MaybeNum,
  cpu_mean: MaybeNum,
  cpu_min: MaybeNum,
  cpu_max: MaybeNum,
  coverage: Type.Number({ description: 'Observed time ÷ length of the window, 0–1' }),
  idle_rate: IdleRateSchema,
});
export type WindowStats = Type.Static<typeof WindowStatsSchema>;

/** The windows that every row carries; the names are the JSON keys. */
export const WINDOW_LENGTHS = { '1m': 60_000, '5m': 300_000, '15m': 900_000, '60m': 3_600_000 } as const;
export type WindowLabel = keyof typeof WINDOW_LENGTHS;
export const WINDOW_LABELS = Object.keys(WINDOW_LENGTHS) as WindowLabel[];

export const WindowsSchema = Type.Object({
  '1m': WindowStatsSchema,
  '5m': WindowStatsSchema,
  '15m': WindowStatsSchema,
  '60m': WindowStatsSchema,
});

export const LikeIndexSchema = Type.Union([Type.Literal('free'), Type.Literal('light'), Type.Literal('busy')], {
  description: 'Recommendation index, three levels',
});
export type LikeIndex = Type.Static<typeof LikeIndexSchema>;

export const HeldSchema = Type.Object({ id: Type.String(), by: Type.String(), until: Num });

export const LiveGpuSchema = Type.Object({
  id: Type.Integer(),
  gpu_type: Nullable(Type.String()),
  memory_total: Num,
  memory_used: Num,
  memory_free: Num,
  utilization: MaybeNum,
  temperature: MaybeNum,
  power: MaybeNum,
  idle: Type.Object({ free8g: Type.Boolean(), used10pct: Type.Boolean() }, { description: 'Idle at this moment' }),
  idle_rate: Type.Object({ '5m': IdleRateSchema, '60m': IdleRateSchema }, { description: 'Idle share of the last 5 and 60 minutes' }),
  utilization_median: Type.Union([Num, Type.Null()], { description: 'Median utilisation of the last 5 minutes, percent' }),
  occupied_idle: Type.Boolean({ description: 'Memory held by processes while utilisation stayed under 5 % for 5 minutes' }),
  users: Type.Array(Type.String(), { description: 'Distinct users of the processes on the card' }),
  held: Nullable(HeldSchema),
  processes: Type.Array(GpuProcessSchema),
});
export type LiveGpu = Type.Static<typeof LiveGpuSchema>;

export const LiveRowSchema = Type.Object({
  server: ServerId,
  name: Type.String(),
  address: Nullable(Type.String()),
  location: Nullable(Type.String()),
  simulated: Type.Boolean(),
  online: Type.Boolean(),
  last_ts: Type.Number({ description: 'Event time of the newest sample' }),
  offline_since: Nullable(Type.Number({ description: 'When it fell silent; null while online' })),
  interval_ms: Num,
  clock_skewed: Type.Boolean({ description: "The server's clock is more than a minute ahead of the broker's" }),
  cpu: Num,
  load1: MaybeNum,
  memory_total: Num,
  memory_used: Num,
  swap_total: MaybeNum,
  swap_used: MaybeNum,
  hdd_total: Num,
  hdd_used: Num,
  hdd_rate: Type.Union([Num, Type.Null()], { description: 'hdd_used ÷ hdd_total, percent' }),
  network_up: MaybeNum,
  network_down: MaybeNum,
  user_num: MaybeNum,
  uptime_s: Num,
  like_index: LikeIndexSchema,
  windows: WindowsSchema,
  health: Nullable(HealthSchema),
  gpus: Type.Array(LiveGpuSchema),
});
export type LiveRow = Type.Static<typeof LiveRowSchema>;

export const BusyServerSchema = Nullable(Type.Object({ server: Type.String(), name: Type.String(), cpu_mean: Num }));

export const CandidateSchema = Type.Object({
  server: Type.String(),
  name: Type.String(),
  gpus: Type.Array(Type.Object({ id: Type.Integer(), gpu_type: Nullable(Type.String()), memory_free: Num, utilization_median: MaybeNum })),
  cuda_visible_devices: Type.String({ description: 'The ids of the cards, ready for CUDA_VISIBLE_DEVICES' }),
  memory_free: Type.Number({ description: 'Free memory of the best card, bytes; 0 where no card was asked for' }),
  last_ts: Num,
  like_index: LikeIndexSchema,
  simulated: Type.Boolean(),
  steadiness: Type.Union([Num, Type.Null()], { description: 'How sure it is that the cards stay free, 0–1; null without enough history' }),
  reasons: Type.Array(Type.Object({ code: Type.String(), params: Type.Record(Type.String(), Type.Union([Type.String(), Num])), text: Type.String() })),
});
export type Candidate = Type.Static<typeof CandidateSchema>;

export const RejectedSchema = Type.Object({
  server: Type.String(),
  name: Type.String(),
  reason: Type.String({ description: 'Why not, as a sentence' }),
  code: Type.String(),
  params: Type.Record(Type.String(), Type.Union([Type.String(), Num])),
});
export type Rejected = Type.Static<typeof RejectedSchema>;

export const RecommendationSchema = Type.Object({
  servers: Type.Array(CandidateSchema),
  rejected: Type.Array(RejectedSchema),
  ts: Num,
});
export type Recommendation = Type.Static<typeof RecommendationSchema>;

export const IdleDefinitionsSchema = Type.Object(
  {
    lead: Type.Union([Type.Literal('free8g'), Type.Literal('used10pct')], { description: 'The definition that pages lead with' }),
    free_bytes: Type.Number({ description: '`free8g`: more than this is free' }),
    used_share: Type.Number({ description: '`used10pct`: less than this share is in use' }),
  },
  { description: 'What the two definitions of an idle card mean on this installation' },
);
export type IdleDefinitions = Type.Static<typeof IdleDefinitionsSchema>;

export const OverviewSchema = Type.Object({
  server_num: Type.Integer(),
  online_num: Type.Integer(),
  user_num: MaybeNum,
  gpu_num: Type.Integer(),
  gpu_idle_num: Type.Object({ free8g: Type.Integer(), used10pct: Type.Integer() }),
  idle_rate: IdleRateSchema,
  idle: IdleDefinitionsSchema,
  busy_server: BusyServerSchema,
  idle_server: BusyServerSchema,
  like_server: Type.Array(CandidateSchema),
  window_s: Type.Integer({ description: 'Length of the window behind idle_rate, busy_server and idle_server' }),
  warming_up: Type.Boolean({ description: 'Windows are being rebuilt after a restart; their figures are not to be trusted yet' }),
  lag_ms: Nullable(Type.Number({ description: 'How far these figures are behind the broker, ms' })),
  store_lag_ms: Nullable(Type.Number({ description: 'How far the database, and with it every chart of the past, is behind the broker, ms' })),
  simulated_num: Type.Integer(),
  ts: Num,
});
export type Overview = Type.Static<typeof OverviewSchema>;

export const ServerDetailSchema = Type.Object({ server: LiveRowSchema, inventory: Nullable(InventorySchema) });
export type ServerDetail = Type.Static<typeof ServerDetailSchema>;

export const SeriesQuerySchema = Type.Object({
  fields: Type.Optional(Type.String({ maxLength: 2000, description: 'Comma-separated: cpu, memory_used, gpu.0.memory_used …' })),
  from: Type.Optional(Type.Integer({ description: 'Unix ms; an hour before `to` when absent' })),
  to: Type.Optional(Type.Integer({ description: 'Unix ms; now when absent' })),
  step: Type.Optional(Type.Integer({ minimum: 1, description: 'ms between points; chosen from the archives when absent' })),
});
export type SeriesQuery = Type.Static<typeof SeriesQuerySchema>;

/** Columns of equal length; `ts` are bucket starts, `null` where there is no data. */
export type Series = { ts: number[] } & Record<string, (number | null)[]>;

export const RecommendQuerySchema = Type.Object({
  gpus: Type.Optional(Type.Integer({ minimum: 0, maximum: 64, default: 1 })),
  memory: Type.Optional(Type.String({ maxLength: 32, description: 'Free memory wanted on each card: 8GiB, 20G, bytes' })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 3 })),
  order: Type.Optional(Type.Union([Type.Literal('plain'), Type.Literal('steady')])),
  spread: Type.Optional(Type.Boolean({ description: 'The cards may lie on any number of servers: the answer is the fewest that have them together' })),
  model: Type.Optional(Type.String({ maxLength: 128, description: 'Part of the card model' })),
  location: Type.Optional(Type.String({ maxLength: 128, description: 'Part of the location' })),
  exclude: Type.Optional(Type.String({ maxLength: 2000, description: 'Comma-separated server ids' })),
  cpu_free: Type.Optional(Type.Number({ minimum: 0, maximum: 100, description: 'Least CPU headroom over 5 minutes, percent' })),
  memory_free: Type.Optional(Type.String({ maxLength: 32, description: 'Least free main memory' })),
  by: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: 'Who asks: tells cards taken by the asker from cards taken by others' })),
  refresh: Type.Optional(Type.Boolean({ description: 'The same question again, by a page that stays open: answered, not counted as asked' })),
});
export type RecommendQuery = Type.Static<typeof RecommendQuerySchema>;

export const HoldRequestSchema = Type.Object({
  server: ServerId,
  gpus: Type.Array(Type.Integer({ minimum: 0, maximum: 255 }), { minItems: 1, maxItems: 64 }),
  by: Type.String({ minLength: 1, maxLength: 64, description: 'Who holds the cards' }),
  minutes: Type.Optional(Type.Number({ minimum: 1, maximum: 60, default: 10 })),
});
export type HoldRequest = Type.Static<typeof HoldRequestSchema>;

export const HoldSchema = Type.Object({
  id: Type.String(),
  server: Type.String(),
  gpus: Type.Array(Type.Integer()),
  by: Type.String(),
  created: Num,
  until: Num,
});
export type Hold = Type.Static<typeof HoldSchema>;

export const WishRequestSchema = Type.Object({
  gpus: Type.Integer({ minimum: 1, maximum: 64 }),
  memory: Type.String({ maxLength: 32, description: 'Free memory wanted on each card: 8GiB, 20G, bytes' }),
  by: Type.String({ minLength: 1, maxLength: 64, description: 'Who is to be told' }),
  notify: Type.Optional(Type.String({ maxLength: 500, description: '`page`, the http(s) address of a webhook, or an e-mail address', default: 'page' })),
  model: Type.Optional(Type.String({ maxLength: 128, description: 'Part of the card model' })),
  hours: Type.Optional(Type.Number({ minimum: 0.1, maximum: 720, default: 24, description: 'How long to wait before giving up' })),
  hold_minutes: Type.Optional(Type.Number({ minimum: 1, maximum: 60, description: 'Hold the cards for so long when the wish comes true' })),
});
export type WishRequest = Type.Static<typeof WishRequestSchema>;

/** A wish as everybody may see it: the address to be told at is left out. */
export const WishSchema = Type.Object({
  id: Type.String(),
  gpus: Type.Integer(),
  memory: Type.Number({ description: 'Free memory wanted on each card, bytes' }),
  model: Nullable(Type.String()),
  by: Type.String(),
  notify: Type.Union([Type.Literal('page'), Type.Literal('webhook'), Type.Literal('mail')]),
  created: Num,
  until: Type.Number({ description: 'When it is given up' }),
  state: Type.Union([Type.Literal('waiting'), Type.Literal('granted'), Type.Literal('expired')]),
  granted: Nullable(Type.Object({ ts: Num, server: Type.String(), name: Type.String(), cuda_visible_devices: Type.String() })),
  delivery: Nullable(Type.Union([Type.Literal('pending'), Type.Literal('sent'), Type.Literal('failed')])),
});
export type Wish = Type.Static<typeof WishSchema>;

/** What became of the recommendations asked in one hour. `unknown`: nobody watched ten minutes later. */
export const HitsHourSchema = Type.Object({
  ts: Type.Number({ description: 'Start of the hour' }),
  asked: Type.Integer(),
  still_free: Type.Integer(),
  taken_by_asker: Type.Integer(),
  taken_by_other: Type.Integer(),
  gone: Type.Integer(),
  unknown: Type.Integer(),
  hit_rate: MaybeNum,
});
export type HitsHour = Type.Static<typeof HitsHourSchema>;

export const HitsQuerySchema = Type.Object({
  from: Type.Optional(Type.Integer({ description: 'Unix ms; a week before `to` when absent' })),
  to: Type.Optional(Type.Integer({ description: 'Unix ms; now when absent' })),
});
export type HitsQuery = Type.Static<typeof HitsQuerySchema>;

export const HitsSchema = Type.Object({ from: Num, to: Num, hours: Type.Array(HitsHourSchema), total: Type.Omit(HitsHourSchema, ['ts']) });
export type Hits = Type.Static<typeof HitsSchema>;

/** Something a person may want to be told. */
export const AlertSchema = Type.Object({
  id: Type.String({ description: 'The same alert told twice has one id' }),
  ts: Type.Number({ description: 'When it was told' }),
  kind: Type.Union([
    Type.Literal('server_offline'), Type.Literal('server_online'), Type.Literal('gpu_missing'), Type.Literal('disk_nearly_full'),
    Type.Literal('clock_skewed'), Type.Literal('spool_dropped'), Type.Literal('lagging'), Type.Literal('wish_granted'),
  ]),
  server: Type.Optional(Type.String()),
  message: Type.String({ description: 'As a sentence' }),
  data: Type.Optional(Type.Record(Type.String(), Type.Union([Type.String(), Num]))),
});
export type Alert = Type.Static<typeof AlertSchema>;

export const AlertsSchema = Type.Object({
  standing: Type.Array(AlertSchema, { description: 'What is wrong now, newest first' }),
  recent: Type.Array(AlertSchema, { description: 'What was told lately, newest first' }),
});
export type Alerts = Type.Static<typeof AlertsSchema>;

export const ApiErrorSchema = Type.Object({ error: Type.Object({ code: Type.String(), message: Type.String() }) });
export type ApiError = Type.Static<typeof ApiErrorSchema>;
