import type {
  Alert, Alerts, Delta, Hits, HitsQuery, Hold, HoldRequest, Recommendation, RecommendQuery, Report, ReportComparison, ReportEvent, ReportList, Period, Series, ServerDetail, Snapshot, Topic, Wish, WishRequest,
} from '@vacancy/shared';

/** What the pages ask of the service. The HTTP client and the replay have it alike. */
export interface Api {
  server(id: string, signal?: AbortSignal): Promise<ServerDetail>;
  /** Columns of equal length; `step` in ms, chosen by the service when absent. */
  series(id: string, query: SeriesRequest, signal?: AbortSignal): Promise<Series>;
  /** The fleet's figures over time; a minute is the finest step. */
  fleetSeries(query: SeriesRequest, signal?: AbortSignal): Promise<Series>;
  alerts(signal?: AbortSignal): Promise<Alerts>;
  recommend(query: RecommendQuery, signal?: AbortSignal): Promise<Recommendation>;
  hits(query: HitsQuery, signal?: AbortSignal): Promise<Hits>;
  holds(signal?: AbortSignal): Promise<Hold[]>;
  hold(request: HoldRequest): Promise<Hold>;
  releaseHold(id: string): Promise<void>;
  wishes(signal?: AbortSignal): Promise<Wish[]>;
  wish(request: WishRequest): Promise<Wish>;
  cancelWish(id: string): Promise<void>;
  reports(period: Period, signal?: AbortSignal): Promise<ReportList>;
  /** @param revision an older one; the newest when absent */
  report(period: Period, start: string, signal?: AbortSignal, revision?: number): Promise<Report>;
  /** Makes a closed report, or makes it anew when its data has changed. */
  makeReport(period: Period, start: string): Promise<Report>;
  compareReports(period: Period, a: string, b: string, signal?: AbortSignal): Promise<ReportComparison>;
}

export interface SeriesRequest {
  fields: readonly string[];
  from: number;
  to: number;
  step?: number;
}

/** `code` is the service's own, or `network` when there was no answer; `status` is 0 then. */
export class ApiFailure extends Error {
  override name = 'ApiFailure';
  readonly code: string;
  readonly status: number;

  constructor(status: number, code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
    this.code = code;
  }
}

/** `offline` is a reconnection that has failed for a while: people should not go on waiting. */
export type Connection = 'connecting' | 'live' | 'reconnecting' | 'offline';

export interface TopicListener {
  snapshot(snapshot: Snapshot): void;
  delta(delta: Delta): void;
  /** The service would not have it: unknown server, no right. */
  refused?(error: string): void;
}

/** The live side of the service; after every reconnection each topic starts with a fresh snapshot. */
export interface LiveClient {
  readonly connection: Connection;
  onConnection(listener: (connection: Connection) => void): () => void;
  onAlert(listener: (alert: Alert) => void): () => void;
  onReport(listener: (report: ReportEvent) => void): () => void;
  /** Follows `topic` until the returned function is called. */
  follow(topic: Topic, listener: TopicListener): () => void;
  close(): void;
}
