import type { Millis, WindowLabel } from '@vacancy/shared';
import type { Received } from '../ingest/decode.js';
import { MeanIdleRate } from './aggregates/idle-time.js';
import { Server } from './server.js';
import { RANKED_COVERAGE, settle, type CardLabels, type FleetWindow, type NetworkRates, type Outcome, type RankedServer, type ServerWindows, type WindowsOptions, type WindowsSettings } from './stats.js';

/** What changed since it was last asked. */
export interface WindowsChanges<Label extends string = WindowLabel, CardLabel extends Label = Label & CardLabels> {
  readonly servers: ReadonlyMap<string, ServerWindows<Label, CardLabel>>;
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

  readonly settings: WindowsSettings<Label, CardLabel>;
  readonly #servers = new Map<string, Server<Label, CardLabel>>();
  readonly #changed = new Set<string>();
  readonly #removed = new Set<string>();
  #now: Millis = -Infinity;

  constructor(options: WindowsOptions<Label, CardLabel> = {}) {
    this.settings = settle(options);
  }

  record(sample: Received): Outcome {
    const server = this.#servers.get(sample.server);
    const outcome = server ? server.record(sample, this.#now) : this.#first(sample);
    if (outcome === 'recorded') this.#changed.add(sample.server);
    else if (outcome === 'late') this.late++;
    else this.duplicates++;
    return outcome;
  }

  /** Moves every window's end to `now` (Unix ms); a time before one already reached changes nothing. */
  advance(now: Millis): void {
    if (now <= this.#now) return;
    this.#now = now;
    for (const [id, server] of this.#servers) {
      if (!server.advance(now)) continue;
      if (server.empty) this.forget(id);
      else this.#changed.add(id);
    }
  }

  /** The windows of a server, `null` when they hold no sample. */
  server(id: string): ServerWindows<Label, CardLabel> | null {
    return this.#servers.get(id)?.read() ?? null;
  }

  /** Upload and download of a server over each window; for who asks: not part of what is emitted. */
  network(id: string): Record<Label, NetworkRates> | null {
    return this.#servers.get(id)?.network() ?? null;
  }

  fleet(label: Label): FleetWindow {
    const which = this.settings.labels.indexOf(label);
    const idle_rate = new MeanIdleRate();
    const ranked: RankedServer[] = [];
    for (const [server, source] of this.#servers) {
      source.addIdleRates(which, idle_rate);
      const { cpu_mean, coverage } = source.read().windows[label];
      if (cpu_mean !== null && coverage >= RANKED_COVERAGE) ranked.push({ server, cpu_mean });
    }
    return {
      idle_rate: idle_rate.value(),
      busy_server: foremost(ranked, (a, b) => b.cpu_mean - a.cpu_mean),
      idle_server: foremost(ranked, (a, b) => a.cpu_mean - b.cpu_mean),
    };
  }

  /** Lets go of a server and all that is known of it. */
  forget(id: string): void {
    if (!this.#servers.delete(id)) return;
    this.#changed.delete(id);
    this.#removed.add(id);
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
    if (this.#changed.size === 0 && this.#removed.size === 0) return null;
    const servers = new Map([...this.#changed].map((id) => [id, this.#servers.get(id)!.read()]));
    const removed = [...this.#removed].filter((id) => !this.#servers.has(id));
    this.#changed.clear();
    this.#removed.clear();
    return { servers, removed };
  }

  #first(sample: Received): Outcome {
    const server = new Server(this.settings, this.#now);
    const outcome = server.record(sample, this.#now);
    if (outcome === 'recorded') this.#servers.set(sample.server, server);
    return outcome;
  }
}

function foremost(ranked: readonly RankedServer[], order: (a: RankedServer, b: RankedServer) => number): RankedServer | null {
  let best: RankedServer | null = null;
  for (const server of ranked) {
    const difference = best === null ? -1 : order(server, best) || (server.server < best.server ? -1 : 1);
    if (difference < 0) best = server;
  }
  return best;
}
