// The written list of what crosses a process boundary.
export { ok, err, type Result } from './result.js';
export { SECOND, MINUTE, HOUR, DAY, systemClock, ManualClock, type Clock, type Millis } from './time.js';
export { KIB, MIB, GIB, TIB, parseBytes } from './units.js';
export {
  DEFAULT_IDLE, OCCUPIED_SHARE, OCCUPIED_IDLE_UTILIZATION, isFree8g, isUsed10pct,
  type CardMemory, type IdleThresholds,
} from './idle.js';

export {
  MAX_SAMPLE_BYTES, MAX_GPUS, MAX_CLOCK_AHEAD_MS,
  SampleSchema, GpuSampleSchema, GpuProcessSchema, HealthSchema,
  type Sample, type GpuSample, type GpuProcess, type AgentHealth,
} from './wire/sample.js';
export { SERVER_ID_PATTERN, isServerId } from './wire/server-id.js';
export { InventorySchema, InventoryGpuSchema, type Inventory, type InventoryGpu } from './wire/inventory.js';
export {
  SAMPLES_STREAM, INVENTORY_STREAM, SAMPLE_SUBJECTS, INVENTORY_SUBJECTS,
  sampleSubject, inventorySubject, serverOfSubject, messageId,
} from './wire/subjects.js';
export { decodeSample, decodeInventory, type Rejection } from './wire/validate.js';

export {
  API_BASE, WINDOW_LENGTHS, WINDOW_LABELS,
  AlertSchema, AlertsSchema, ApiErrorSchema, CandidateSchema, HitsHourSchema, HitsQuerySchema, HitsSchema, HoldRequestSchema, HoldSchema, IdleDefinitionsSchema, IdleRateSchema, LikeIndexSchema, LiveGpuSchema, LiveRowSchema,
  OverviewSchema, RecommendationSchema, RecommendQuerySchema, RejectedSchema, SeriesQuerySchema, ServerDetailSchema,
  WindowStatsSchema, WindowsSchema, WishRequestSchema, WishSchema,
  type Alert, type Alerts, type ApiError, type Candidate, type Hits, type HitsHour, type HitsQuery, type Hold, type HoldRequest, type IdleDefinitions, type IdleRate, type LikeIndex, type LiveGpu, type LiveRow,
  type Overview, type Recommendation, type RecommendQuery, type Rejected, type Series, type SeriesQuery, type ServerDetail,
  type WindowLabel, type WindowStats, type Wish, type WishRequest,
} from './api.js';
export {
  applyRow, diffRow, same,
  type Ack, type ClientToServer, type Delta, type FleetData, type FleetDelta, type FleetGpu, type FleetRow,
  type ReportEvent, type RowDelta, type ServerToClient, type Snapshot, type Topic,
} from './live.js';
export {
  PERIODS,
  type BusyTime, type DiskForecast, type Period, type Report, type ReportComparison, type ReportFigures, type ReportFleet, type ReportGpu, type ReportIdleRate,
  type ReportList, type ReportListItem, type ReportSentence, type ReportServer, type ReportTrends, type ReportUser, type ServerLoad,
} from './report.js';
