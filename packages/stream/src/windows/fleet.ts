import type { Millis, WindowLabel } from '@vacancy/shared';
import type { Received } from '../ingest/decode.js';
import { CARDS, COVERAGE, CPU_MEAN, FREE8G, USED10PCT, WINDOW_FIGURES, type Figures } from './figures.js';
import { Server } from './server.js';
import { RANKED_COVERAGE, settle, type CardLabels, type FleetWindow, type NetworkRates, type Outcome, type RankedServer, type WindowsOptions, type WindowsSettings } from './stats.js';

/** What changed since it was last asked. */
export interface WindowsChanges<Label extends string = WindowLabel, CardLabel extends Label = Label & CardLabels> {
  readonly servers: ReadonlyMap<string, Figures<Label, CardLabel>>;
  /** Servers whose last sample left the longest window: nothing is kept of them. */
  readonly removed: readonly string[];
}

/**
 * Sliding windows over the samples of a fleet, by event time.
 *
 * Two things move time. A sample moves its own server's windows to its `ts`; `advance` moves all of them to the clock, so
 * that the windows of a silent server drain. Only samples decide what is late: see docs/windows.md.
 */
export class FleetWindows<Label extends string = WindowLabel, CardLabel extends Label = Label & CardLabels> {
  /** Samples that came too late, and that came again, since the start. */
  late = 0;
  duplicates = 0;
  /** Says nothing; but what nobody keeps the compiler may leave out. */
  glanced = 0;

  readonly settings: WindowsSettings<Label, CardLabel>;
  readonly #servers = new Map<string, Server<Label, CardLabel>>();
  /** The same, each in its place, and when each has to be asked again: at every tick of a thousand servers few have something to do. */
  readonly #listed: Server<Label, CardLabel>[] = [];
  #dues = new Float64Array(16);
  #changed: Server<Label, CardLabel>[] = [];
  readonly #removed = new Set<string>();
  #now: Millis = -Infinity;

  constructor(options: WindowsOptions<Label, CardLabel> = {}) {
    this.settings = settle(options);
  }

  record(sample: Received): Outcome {
    return this.#record(sample, this.#servers.get(sample.server));
  }

  /**
   * Moves every window's end to `now` (Unix ms); a time before one already reached changes nothing. Samples that have come are recorded on
   * the way, and the figures of their servers made: of a thousand servers none is in the processor's cache when its turn comes, so each
   * is taken up once for a run of its samples, and all are glanced at first: memory can be waited for at many places at once.
   */
  advance(now: Millis, samples: readonly Received[] = []): void {
    const moved = now > this.#now;
    if (moved) this.#now = now;
    const servers = samples.map(({ server }) => this.#servers.get(server));
    if (moved) this.glanced = glance(servers);
    samples.forEach((sample, i) => {
      let server = servers[i];
      // By now it may be there, or be another.
      if (!server || server.gone) server = this.#servers.get(sample.server);
      if (moved && server && !this.#advance(server)) server = undefined;
      this.#record(sample, server);
      if (samples[i + 1]?.server !== sample.server) (server ?? this.#servers.get(sample.server))?.read();
    });
    if (!moved) return;
    for (let place = this.#listed.length - 1; place >= 0; place--) if (this.#dues[place]! <= this.#now) this.#advance(this.#listed[place]!);
  }

  /** The windows of a server, `null` when they hold no sample. */
  server(id: string): Figures<Label, CardLabel> | null {
    return this.#servers.get(id)?.read() ?? null;
  }

  /** Upload and download of a server over each window; for who asks: not part of what is emitted. */
  network(id: string): Record<Label, NetworkRates> | null {
    return this.#servers.get(id)?.network() ?? null;
  }

  fleet(label: Label): FleetWindow {
    const which = this.settings.labels.indexOf(label);
    const from = WINDOW_FIGURES * which;
    const ranked: RankedServer[] = [];
    let [cards, free8g, used10pct] = [0, 0, 0];
    for (const [server, windows] of this.#servers) {
      const { numbers } = windows.read();
      const seen = numbers[from + CARDS]!;
      if (seen > 0) {
        cards += seen;
        free8g += seen * numbers[from + FREE8G]!;
        used10pct += seen * numbers[from + USED10PCT]!;
      }
      if (numbers[from + COVERAGE]! >= RANKED_COVERAGE) ranked.push({ server, cpu_mean: numbers[from + CPU_MEAN]! });
    }
    return {
      idle_rate: cards > 0 ? { free8g: free8g / cards, used10pct: used10pct / cards } : { free8g: null, used10pct: null },
      busy_server: foremost(ranked, (a, b) => b.cpu_mean - a.cpu_mean),
      idle_server: foremost(ranked, (a, b) => a.cpu_mean - b.cpu_mean),
    };
  }

  /** Lets go of a server and all that is known of it. */
  forget(id: string): void {
    const server = this.#servers.get(id);
    if (!server) return;
    this.#servers.delete(id);
    server.gone = true;
    if (server.changed) this.#changed.splice(this.#changed.lastIndexOf(server), 1);
    this.#removed.add(id);
    // The last one moves into its place.
    const last = this.#listed.pop()!;
    if (last === server) return;
    last.place = server.place;
    this.#listed[last.place] = last;
    this.#dues[last.place] = last.due;
  }

  get size(): number {
    return this.#servers.size;
  }

  get bytes(): number {
    let bytes = 0;
    for (const server of this.#servers.values()) bytes += server.bytes;
    return bytes;
  }

  /** The servers that changed since the last call, and those that were let go; `null` when nothing happened. */
  takeChanges(): WindowsChanges<Label, CardLabel> | null {
    if (this.#changed.length === 0 && this.#removed.size === 0) return null;
    const servers = new Map<string, Figures<Label, CardLabel>>();
    for (const server of this.#changed) {
      servers.set(server.id, server.read());
      server.changed = false;
    }
    const removed = [...this.#removed].filter((id) => !this.#servers.has(id));
    this.#changed = [];
    this.#removed.clear();
    return { servers, removed };
  }

  #record(sample: Received, known: Server<Label, CardLabel> | undefined): Outcome {
    const server = known ?? new Server(sample.server, this.settings, this.#now);
    const outcome = server.record(sample, this.#now);
    if (outcome === 'late') this.late++;
    else if (outcome === 'duplicate') this.duplicates++;
    else {
      if (!known) this.#add(server);
      this.#dues[server.place] = server.due;
      this.#change(server);
    }
    return outcome;
  }

  /** Tells whether something is left of the server; if not, it is let go. */
  #advance(server: Server<Label, CardLabel>): boolean {
    if (server.advance(this.#now)) this.#change(server);
    if (server.empty) {
      this.forget(server.id);
      return false;
    }
    this.#dues[server.place] = server.due;
    return true;
  }

  #change(server: Server<Label, CardLabel>): void {
    if (server.changed) return;
    server.changed = true;
    this.#changed.push(server);
  }

  #add(server: Server<Label, CardLabel>): void {
    this.#servers.set(server.id, server);
    server.place = this.#listed.push(server) - 1;
    if (server.place < this.#dues.length) return;
    const dues = new Float64Array(2 * this.#dues.length);
    dues.set(this.#dues);
    this.#dues = dues;
  }
}

function glance(servers: readonly (Server<string, string> | undefined)[]): number {
  let sum = 0;
  for (const server of servers) if (server) sum += server.glance();
  return sum;
}

function foremost(ranked: readonly RankedServer[], order: (a: RankedServer, b: RankedServer) => number): RankedServer | null {
  let best: RankedServer | null = null;
  for (const server of ranked) {
    const difference = best === null ? -1 : order(server, best) || (server.server < best.server ? -1 : 1);
    if (difference < 0) best = server;
  }
  return best;
}
