import {
  MINUTE, SECOND, WINDOW_LENGTHS, systemClock,
  type Candidate, type Clock, type IdleDefinitions, type IdleThresholds, type Inventory, type LiveGpu, type LiveRow, type Overview,
} from '@vacancy/shared';
import type { NatsConnection } from '@nats-io/transport-node';
import { Subject } from 'rxjs';
import type { Tail } from '../ingest/tail.js';
import { FleetWindows, emptyServerWindows, slidingWindows } from '../windows/index.js';
import { forgetful, type Keeper } from '../keeper.js';
import { LiveFeed } from './feed.js';
import { fromLastHeard, toLastHeard, type LastHeard } from './last-heard.js';
import { OVERVIEW_WINDOW, toOverview } from './overview.js';
import { LiveTable } from './table.js';

export interface LiveOptions {
  readonly nats: NatsConnection;
  readonly idle: IdleThresholds;
  readonly idle_lead: IdleDefinitions['lead'];
  readonly held: (server: string, gpu: number) => LiveGpu['held'];
  /** The servers to recommend by default, best first. */
  readonly likeServer: () => Candidate[];
  /** How far the database is behind the broker, ms; null when nobody knows. */
  readonly store_lag_ms: () => number | null;
  /** Where to put what was read and decoded, for the storing way. */
  readonly tail?: Tail | undefined;
  /** Where the last that was heard of silent servers survives a restart, for longer than the broker keeps samples. */
  readonly lastHeard?: Keeper<LastHeard[]>;
  readonly onSaveFailed?: (error: unknown) => void;
}

/** A server's silence is noticed within this time of its being too long. */
const EXPIRE_EVERY_MS = SECOND;
/** What a restart reads again: the longest window, and a minute for what was under way. */
const HORIZON_MS = Math.max(...Object.values(WINDOW_LENGTHS)) + MINUTE;

/** The live way: feed → windows → table, and the views that HTTP and sockets show of it. */
export class Live implements AsyncDisposable {
  readonly feed: LiveFeed;
  readonly windows: FleetWindows;
  readonly #options: LiveOptions;
  readonly #table: LiveTable;
  readonly #clock: Clock;
  readonly #ticks = new Subject<void>();
  readonly #lastHeard: Keeper<LastHeard[]>;
  #warm = false;
  #cancel: () => void = () => {};

  constructor(options: LiveOptions, clock: Clock = systemClock) {
    const { nats, idle, held, tail, lastHeard = forgetful() } = options;
    this.#lastHeard = lastHeard;
    this.#options = options;
    this.#clock = clock;
    this.#table = new LiveTable({ idle, held });
    this.windows = new FleetWindows({ idle });
    this.feed = new LiveFeed({ nats, horizon_ms: HORIZON_MS, tail }, clock);
  }

  async start(): Promise<void> {
    const { feed, windows } = this;
    feed.inventories.subscribe((inventory) => this.#table.describe(inventory));
    feed.samples.subscribe((sample) => this.#table.record(sample));
    feed.samples.pipe(slidingWindows({ windows, ticks: this.#ticks }, feed.clock)).subscribe((tick) => {
      for (const [server, now] of tick.servers) this.#table.setWindows(server, now);
      for (const server of tick.removed) this.#table.setWindows(server, emptyServerWindows());
    });
    for (const one of (await this.#lastHeard.load()) ?? []) {
      const sample = fromLastHeard(one, this.#clock.now());
      if (sample) this.#table.record(sample);
    }
    await feed.start((sample) => this.#table.record(sample));
    this.#expire();
  }

  /** False until the replay after a start has reached the present, and what it left is in the rows. */
  get warm(): boolean {
    return this.#warm;
  }

  overview(): Overview {
    const now = this.#clock.now();
    const rows = this.rows();
    return toOverview({
      rows,
      fleet: this.windows.fleet(OVERVIEW_WINDOW),
      idle: { lead: this.#options.idle_lead, ...this.#options.idle },
      like_server: this.#options.likeServer(),
      user_num: this.#table.userNum(now),
      warming_up: !this.#warm,
      lag_ms: this.feed.lag_ms,
      store_lag_ms: this.#options.store_lag_ms(),
      now,
    });
  }

  rows(): LiveRow[] {
    return this.#table.rows();
  }

  row(server: string): LiveRow | null {
    return this.#table.row(server);
  }

  inventory(server: string): Inventory | null {
    return this.#table.inventory(server);
  }

  /** The windows are read in this same moment, so that a server's sample and what it did to its windows travel together. */
  takeChanged(): string[] {
    this.#ticks.next();
    this.#warm ||= this.feed.warm;
    return this.#table.takeChanged();
  }

  #expire(): void {
    const turned = this.#table.expire(this.feed.clock.now());
    // While the stream is read again servers come and go that did so long ago.
    if (turned && this.#warm) void this.#save('silent');
    this.#cancel = this.#clock.setTimer(EXPIRE_EVERY_MS, () => this.#expire());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#cancel();
    await this.feed[Symbol.asyncDispose]();
    // Who falls silent while the service is stopped is not seen to; before the table was full there is nothing better than what was kept.
    if (this.#warm) await this.#save('all');
  }

  #save(of: 'all' | 'silent'): Promise<void> {
    return this.#lastHeard.save(this.#table.newest(of).map(toLastHeard)).catch(this.#options.onSaveFailed);
  }
}
