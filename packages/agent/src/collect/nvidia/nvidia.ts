import { execFile } from 'node:child_process';
import { HOUR, MINUTE, systemClock, type Clock, type GpuProcess, type GpuSample, type Millis } from '@vacancy/shared/plain';
import type { AgentConfig } from '../../config.js';
import type { GpuInventory } from '../../inventory.js';
import type { Failure } from '../collector.js';
import type { GpuSource } from '../gpu-source.js';
import type { ProcessOwner, ProcessOwners } from '../process-owner.js';
import { LongLived, type LongLivedOptions } from './long-lived.js';
import { APP_FIELDS, GPU_FIELDS, parseAppLine, parseCudaVersion, parseGpuLine, type AppRow, type GpuRow } from './parse.js';
import { expectedCards, findCards, toBusId } from './pci.js';
import { readPower } from './power.js';
import { answering } from './probe.js';
import { WATCHING, rest, type RestState } from './rest.js';

export type NvidiaOptions = Pick<AgentConfig, 'nvidia_smi' | 'interval_ms' | 'commands'> & {
  /** Ask which processes hold memory. */
  readonly processes: boolean;
};

const APPS_EVERY_MS = 5_000;
/** A burst of process lines is over after this much silence. */
const APPS_PAUSE_MS = 500;
const FORMAT = '--format=csv,noheader,nounits';
/** A failure stays in view this long after the last time. */
const REMEMBERED_MS = 5 * MINUTE;
/** A card that does not answer is asked again this often, by itself. */
const PROBE_EVERY_MS = 10 * MINUTE;

/**
 * NVIDIA cards, from one `nvidia-smi` that runs as long as the agent and prints every card at every interval, and a second one that
 * prints the processes more slowly. A card whose lines stop is left out with the reason in `failures`: its figures are
 * never repeated as if they were new, nor made up.
 */
export class NvidiaSource implements GpuSource, AsyncDisposable {
  readonly #options: NvidiaOptions;
  readonly #owners: ProcessOwners;
  readonly #clock: Clock;
  readonly #cards = new Map<number, { row: GpuRow; at: Millis }>();
  /** When a line came of a card, by bus id, whatever it said. */
  readonly #heard = new Map<string, Millis>();
  readonly #streams: readonly LongLived[];
  readonly #appStream: LongLived | null;
  readonly #folders: readonly string[];
  #missing = false;
  /** The cards that still answer, when one that does not silences the tool for all. */
  #only: readonly string[] | null = null;
  #probing = false;
  #probed_at: Millis;
  readonly #began: Millis;
  #expected: { ids: readonly string[]; at: Millis } = { ids: [], at: -Infinity };
  #sleepers: { folders: readonly string[]; at: Millis } = { folders: [], at: -Infinity };
  #processes = new Map<string, GpuProcess[]>();
  #apps: AppRow[] = [];
  #apps_at: Millis = -Infinity;
  #describing = false;
  #rest: RestState = WATCHING;
  #failure: { reason: string; count: number; at: Millis } | null = null;
  #cuda: { version: string | undefined; driver: string; at: Millis } | null = null;

  constructor(options: NvidiaOptions, owners: ProcessOwners, clock: Clock = systemClock, folders: readonly string[] = findCards()) {
    this.#options = options;
    this.#owners = owners;
    this.#clock = clock;
    this.#folders = folders;
    this.#began = this.#probed_at = clock.now();
    type Lines = Pick<LongLivedOptions, 'silence' | 'line' | 'complained'>;
    const stream = (query: string, period_ms: number, lines: Lines): LongLived =>
      new LongLived(
        {
          ...lines,
          command: options.nvidia_smi,
          args: () => [query, FORMAT, '-lms', String(period_ms), ...(this.#only ? [`--id=${this.#only.join(',')}`] : [])],
          silence_ms: lines.silence === 'failure' ? Math.max(10_000, 5 * period_ms) : 5 * MINUTE,
          failed: (reason, missing) => this.#toolFailed(reason, missing),
        },
        clock,
      );
    const cards = stream(`--query-gpu=${GPU_FIELDS.join(',')}`, options.interval_ms, {
      silence: 'failure', line: (line) => this.#gpuLine(line), complained: (text) => this.#failed(text),
    });
    // The other stream, asking the same driver, says what is wrong.
    const apps = { silence: 'normal', line: (line: string) => this.#appLine(line), complained: () => {} } as const;
    this.#appStream = options.processes ? stream(`--query-compute-apps=${APP_FIELDS.join(',')}`, APPS_EVERY_MS, apps) : null;
    this.#streams = [cards, ...(this.#appStream ? [this.#appStream] : [])];
    for (const one of this.#streams) one.start();
  }

  get ready(): boolean {
    return this.#cards.size > 0 || this.#failure !== null || this.#missing;
  }

  /** The cards as they are now. While all of them rest, their memory as it last was: nobody has used them since. */
  get gpus(): readonly GpuSample[] {
    this.#consider();
    this.#settleApps();
    this.#probeSilent();
    const now = this.#clock.now();
    const asleep = this.#rest.mode === 'rest';
    const fresh = [...this.#cards.values()].filter(({ at }) => asleep || now - at <= this.#staleAfter());
    return fresh.sort((a, b) => a.row.id - b.row.id).map(({ row }) => (asleep ? toSleeping(row) : this.#toSample(row)));
  }

  /** What went wrong within the last minutes, and for as long as it lasts which cards do not answer. */
  get failures(): readonly Failure[] {
    const count = this.#failure?.count ?? 1;
    const recent = this.#failure && this.#clock.now() - this.#failure.at <= REMEMBERED_MS ? [this.#failure.reason] : [];
    return [...recent, ...this.#silent().map((id) => `no answer from the card at ${id}`)].map((reason) => ({ collector: 'nvidia', reason, count }));
  }

  /** Models, sizes and versions of the cards seen in the last hour. */
  get inventory(): GpuInventory {
    const now = this.#clock.now();
    const rows = [...this.#cards.values()].filter(({ at }) => this.#rest.mode === 'rest' || now - at < HOUR).map(({ row }) => row);
    const driver = rows[0]?.driver_version;
    if (driver) this.#askCuda(driver, now);
    return {
      ...(driver && { driver_version: driver }),
      ...(this.#cuda?.version && { cuda_version: this.#cuda.version }),
      gpus: rows
        .sort((a, b) => a.id - b.id)
        .map((row) => ({ gpu_id: row.id, gpu_type: row.gpu_type.slice(0, 128), gpu_memory_limit: row.memory_total, ...(row.uuid && { uuid: row.uuid.slice(0, 96) }) })),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#streams.map((stream) => stream[Symbol.asyncDispose]()));
  }

  #gpuLine(line: string): boolean {
    const parsed = parseGpuLine(line);
    if (parsed.kind === 'notice') return false;
    const now = this.#clock.now();
    const bus_id = parsed.kind === 'card' ? parsed.row.bus_id : parsed.bus_id;
    if (bus_id) this.#heard.set(toBusId(bus_id), now);
    if (parsed.kind === 'card') this.#cards.set(parsed.row.id, { row: parsed.row, at: now });
    else {
      this.#cards.delete(parsed.id);
      this.#failed(parsed.reason);
    }
    return true;
  }

  #appLine(line: string): boolean {
    const row = parseAppLine(line);
    if (!row) return false;
    this.#settleApps();
    this.#apps.push(row);
    this.#apps_at = this.#clock.now();
    return true;
  }

  /** Lines come in bursts, one for each round, and a round without processes prints nothing at all. */
  #settleApps(): void {
    const quiet = this.#clock.now() - this.#apps_at;
    if (this.#apps.length && quiet >= APPS_PAUSE_MS) {
      if (!this.#describing) void this.#describe(this.#apps);
      this.#apps = [];
    } else if (!this.#apps.length && quiet > 2 * APPS_EVERY_MS) this.#processes = new Map();
  }

  async #describe(rows: readonly AppRow[]): Promise<void> {
    this.#describing = true;
    const owners = new Map<number, ProcessOwner>();
    for (const { pid } of rows) if (!owners.has(pid)) owners.set(pid, await this.#owners.of(pid));
    this.#describing = false;
    this.#processes = this.#toProcesses(rows, owners);
  }

  #toProcesses(rows: readonly AppRow[], owners: ReadonlyMap<number, ProcessOwner>): Map<string, GpuProcess[]> {
    const byCard = new Map<string, Map<number, GpuProcess>>();
    for (const { uuid, pid, memory_used, name } of rows) {
      const card = byCard.get(uuid) ?? new Map<number, GpuProcess>();
      byCard.set(uuid, card);
      const before = card.get(pid); // instances of a partitioned card name a process once each
      const memory = before?.memory_used === undefined ? memory_used : before.memory_used + (memory_used ?? 0);
      const owner = owners.get(pid) ?? {};
      const command = owner.command ?? (this.#options.commands === 'off' ? undefined : name?.slice(0, 256));
      card.set(pid, { pid, ...(owner.user && { user: owner.user }), ...(command && { command }), ...(memory !== undefined && { memory_used: memory }) });
    }
    return new Map([...byCard].map(([uuid, card]) => [uuid, [...card.values()].sort(bySize).slice(0, 256)]));
  }

  /**
   * Nobody on a card is an answer only once the tool has had the time to name somebody. Of a card without utilisation (a partitioned one,
   * one too simple for it) the tool names nobody to those who are not root, so that silence says nothing.
   */
  #processesOf(row: GpuRow): readonly GpuProcess[] | undefined {
    const named = row.uuid === undefined ? undefined : this.#processes.get(row.uuid);
    if (named || row.uuid === undefined) return named;
    const since = this.#appStream?.well_since ?? null;
    const asked = since !== null && this.#clock.now() - since > APPS_EVERY_MS;
    return asked && row.utilization !== undefined ? [] : undefined;
  }

  #toSample(row: GpuRow): GpuSample {
    const processes = this.#processesOf(row);
    return {
      ...toSleeping(row),
      ...(row.utilization !== undefined && { utilization: row.utilization }),
      ...(row.temperature !== undefined && { temperature: row.temperature }),
      ...(row.power !== undefined && { power: row.power }),
      ...(processes && { processes: [...processes] }),
    };
  }

  #consider(): void {
    const sleepers = this.#canSleep();
    if (sleepers.length === 0 && this.#rest.mode === 'watch') return;
    const next = rest(this.#rest, sleepers.map(readPower), this.#idle(), this.#clock.now());
    if (next.mode !== this.#rest.mode) for (const stream of this.#streams) stream[next.mode === 'rest' ? 'stop' : 'start']();
    this.#rest = next;
  }

  /** Server cards never sleep: most machines are spared two reads for each card and second. */
  #canSleep(): readonly string[] {
    const now = this.#clock.now();
    if (Math.abs(now - this.#sleepers.at) >= MINUTE) this.#sleepers = { folders: this.#folders.filter((folder) => readPower(folder).sleeps), at: now };
    return this.#sleepers.folders;
  }

  /** No card computes and none is held. */
  #idle(): boolean {
    return this.#cards.size > 0 && this.#processes.size === 0 && [...this.#cards.values()].every(({ row }) => !row.utilization);
  }

  #toolFailed(reason: string, missing: boolean): void {
    // A machine without NVIDIA cards needs no tool for them.
    this.#missing = missing;
    if (missing && this.#folders.length === 0) return;
    this.#failed(missing ? `${this.#options.nvidia_smi} is not installed` : reason);
    if (!missing) void this.#findAnswering();
  }

  /** Cards of which the tool says nothing while it speaks of others. */
  #silent(): string[] {
    const now = this.#clock.now();
    const allowed = Math.max(this.#staleAfter(), APPS_EVERY_MS);
    const speaks = [...this.#heard.values()].some((at) => now - at <= allowed);
    if (!speaks || this.#rest.mode === 'rest') return [];
    const expected = this.#ids();
    const lost = [...this.#heard].filter(([id, at]) => now - at > allowed && (now - at < HOUR || expected.includes(id))).map(([id]) => id);
    const late = now - this.#began > 2 * allowed;
    const never = expected.filter((id) => !this.#heard.has(id) && (late || this.#only?.includes(id) === false));
    return [...lost, ...never].sort();
  }

  /** One that answers again is watched again; the streams that run do not notice by themselves. */
  #probeSilent(): void {
    if (this.#clock.now() - this.#probed_at < PROBE_EVERY_MS || this.#silent().length === 0) return;
    void this.#findAnswering();
  }

  async #findAnswering(): Promise<void> {
    const ids = this.#ids();
    if (this.#probing || ids.length < 2) return;
    this.#probing = true;
    this.#probed_at = this.#clock.now();
    const found = await answering(this.#options.nvidia_smi, ids);
    const back = this.#silent().some((id) => found.includes(id));
    this.#only = found.length > 0 && found.length < ids.length ? found : null;
    if (back) for (const stream of this.#streams) stream.restart();
    this.#probing = false;
  }

  #failed(reason: string): void {
    this.#failure = { reason: reason.slice(0, 200), count: (this.#failure?.count ?? 0) + 1, at: this.#clock.now() };
  }

  /** Bus ids of the cards that the driver has; it may be loaded anew while we run. */
  #ids(): readonly string[] {
    const now = this.#clock.now();
    if (Math.abs(now - this.#expected.at) >= MINUTE) this.#expected = { ids: expectedCards(this.#folders), at: now };
    return this.#expected.ids;
  }

  #staleAfter(): number {
    return Math.max(3 * this.#options.interval_ms, 5_000);
  }

  /** Which CUDA a driver runs is in no query field; the header is asked when the driver is a new one, and once a day. */
  #askCuda(driver: string, now: Millis): void {
    if (this.#cuda?.driver === driver && now - this.#cuda.at < 24 * HOUR) return;
    const asked: { version: string | undefined; driver: string; at: Millis } = { version: this.#cuda?.version, driver, at: now };
    this.#cuda = asked;
    execFile(this.#options.nvidia_smi, ['-q', '-d', 'MEMORY'], { timeout: 20_000, maxBuffer: 4_194_304 }, (error, out) => {
      if (!error) asked.version = parseCudaVersion(out);
    });
  }
}

/** The largest first: where a list is cut, it is cut at its small end. */
const bySize = (a: GpuProcess, b: GpuProcess): number => (b.memory_used ?? 0) - (a.memory_used ?? 0);

const toSleeping = (row: GpuRow): GpuSample => ({ id: row.id, memory_total: row.memory_total, memory_used: row.memory_used });
