import { execFile } from 'node:child_process';
import { HOUR, MINUTE, systemClock, type Clock, type GpuProcess, type GpuSample, type Millis } from '@vacancy/shared/plain';
import type { AgentConfig } from '../../config.js';
import type { GpuInventory } from '../../inventory.js';
import type { Failure } from '../collector.js';
import type { GpuSource } from '../gpu-source.js';
import { ownerOf } from '../process-owner.js';
import type { UserNames } from '../user-names.js';
import { LongLived } from './long-lived.js';
import { APP_FIELDS, GPU_FIELDS, parseAppLine, parseCudaVersion, parseGpuLine, type AppRow, type GpuRow } from './parse.js';
import { findCards, readPower } from './power.js';
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

/**
 * NVIDIA cards, from one `nvidia-smi` that runs as long as the agent and prints every card at every interval, and a second one that
 * prints the processes more slowly. A card whose lines stop is left out with the reason in `failures`: its figures are
 * never repeated as if they were new, nor made up.
 */
export class NvidiaSource implements GpuSource, AsyncDisposable {
  readonly #options: NvidiaOptions;
  readonly #names: UserNames;
  readonly #clock: Clock;
  readonly #cards = new Map<number, { row: GpuRow; at: Millis }>();
  readonly #streams: readonly LongLived[];
  readonly #folders: readonly string[];
  #missing = false;
  /** The cards that still answer, when one that does not silences the tool for all. */
  #only: readonly string[] | null = null;
  #probing = false;
  #sleepers: { folders: readonly string[]; at: Millis } = { folders: [], at: -Infinity };
  #processes = new Map<string, GpuProcess[]>();
  #apps: AppRow[] = [];
  #apps_at: Millis = -Infinity;
  #rest: RestState = WATCHING;
  #failure: { reason: string; count: number; at: Millis } | null = null;
  #cuda: { version: string | undefined; driver: string; at: Millis } | null = null;

  constructor(options: NvidiaOptions, names: UserNames, clock: Clock = systemClock, folders = findCards()) {
    this.#options = options;
    this.#names = names;
    this.#clock = clock;
    this.#folders = folders;
    const stream = (args: string[], period_ms: number, silence: 'failure' | 'normal', line: (line: string) => void): LongLived =>
      new LongLived(
        {
          command: options.nvidia_smi,
          args: () => [...args, FORMAT, '-lms', String(period_ms), ...(this.#only ? [`--id=${this.#only.join(',')}`] : [])],
          silence,
          silence_ms: silence === 'failure' ? Math.max(10_000, 5 * period_ms) : 5 * MINUTE,
          line,
          failed: (reason, missing) => this.#toolFailed(reason, missing),
        },
        clock,
      );
    this.#streams = [
      stream([`--query-gpu=${GPU_FIELDS.join(',')}`], options.interval_ms, 'failure', (line) => this.#gpuLine(line)),
      ...(options.processes ? [stream([`--query-compute-apps=${APP_FIELDS.join(',')}`], APPS_EVERY_MS, 'normal', (line) => this.#appLine(line))] : []),
    ];
    for (const one of this.#streams) one.start();
  }

  get ready(): boolean {
    return this.#cards.size > 0 || this.#failure !== null || this.#missing;
  }

  /** The cards as they are now. While all of them rest, their memory as it last was: nobody has used them since. */
  get gpus(): readonly GpuSample[] {
    this.#consider();
    this.#settleApps();
    const now = this.#clock.now();
    const asleep = this.#rest.mode === 'rest';
    const fresh = [...this.#cards.values()].filter(({ at }) => asleep || now - at <= this.#staleAfter());
    return fresh.sort((a, b) => a.row.id - b.row.id).map(({ row }) => (asleep ? toSleeping(row) : this.#toSample(row)));
  }

  /** What went wrong within the last minutes, and for as long as it lasts which cards do not answer. */
  get failures(): readonly Failure[] {
    const count = this.#failure?.count ?? 1;
    const recent = this.#failure && this.#clock.now() - this.#failure.at <= REMEMBERED_MS ? [this.#failure.reason] : [];
    const silent = this.#only ? this.#ids().filter((id) => !this.#only?.includes(id)).map((id) => `no answer from the card at ${id}`) : [];
    return [...recent, ...silent].map((reason) => ({ collector: 'nvidia', reason, count }));
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

  #gpuLine(line: string): void {
    const parsed = parseGpuLine(line);
    if (parsed.kind === 'card') this.#cards.set(parsed.row.id, { row: parsed.row, at: this.#clock.now() });
    else if (parsed.kind === 'unreadable') {
      this.#cards.delete(parsed.id);
      this.#failed(parsed.reason);
    } else this.#failed(parsed.text);
  }

  #appLine(line: string): void {
    const row = parseAppLine(line);
    if (!row) return; // a sentence: the other stream, asking the same driver, says what is wrong
    this.#settleApps();
    this.#apps.push(row);
    this.#apps_at = this.#clock.now();
  }

  /** Lines come in bursts, one for each round, and a round without processes prints nothing at all. */
  #settleApps(): void {
    const quiet = this.#clock.now() - this.#apps_at;
    if (this.#apps.length && quiet >= APPS_PAUSE_MS) {
      this.#processes = this.#toProcesses(this.#apps);
      this.#apps = [];
    } else if (!this.#apps.length && quiet > 2 * APPS_EVERY_MS) this.#processes = new Map();
  }

  #toProcesses(rows: readonly AppRow[]): Map<string, GpuProcess[]> {
    const byCard = new Map<string, Map<number, GpuProcess>>();
    for (const { uuid, pid, memory_used, name } of rows) {
      const card = byCard.get(uuid) ?? new Map<number, GpuProcess>();
      byCard.set(uuid, card);
      const before = card.get(pid); // instances of a partitioned card name a process once each
      const memory = before?.memory_used === undefined ? memory_used : before.memory_used + (memory_used ?? 0);
      const owner = before ?? ownerOf(pid, this.#names, this.#options.commands);
      const command = owner.command ?? (this.#options.commands === 'off' ? undefined : name?.slice(0, 256));
      card.set(pid, { pid, ...(owner.user && { user: owner.user }), ...(command && { command }), ...(memory !== undefined && { memory_used: memory }) });
    }
    return new Map([...byCard].map(([uuid, card]) => [uuid, [...card.values()].sort(bySize).slice(0, 256)]));
  }

  #toSample(row: GpuRow): GpuSample {
    const processes = row.uuid === undefined || !this.#options.processes ? undefined : (this.#processes.get(row.uuid) ?? []);
    return {
      ...toSleeping(row),
      ...(row.utilization !== undefined && { utilization: row.utilization }),
      ...(row.temperature !== undefined && { temperature: row.temperature }),
      ...(row.power !== undefined && { power: row.power }),
      ...(processes && { processes }),
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

  async #findAnswering(): Promise<void> {
    const ids = this.#ids();
    if (this.#probing || ids.length < 2) return;
    this.#probing = true;
    const found = await answering(this.#options.nvidia_smi, ids);
    this.#only = found.length > 0 && found.length < ids.length ? found : null;
    this.#probing = false;
  }

  #failed(reason: string): void {
    this.#failure = { reason: reason.slice(0, 200), count: (this.#failure?.count ?? 0) + 1, at: this.#clock.now() };
  }

  /** Bus ids of the cards, from the names of their folders. */
  #ids(): string[] {
    return this.#folders.map((folder) => folder.slice(folder.lastIndexOf('/') + 1));
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
