import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { MINUTE, SECOND, type Clock, type Millis } from '@vacancy/shared/plain';
import type { AgentConfig } from '../config.js';
import { Patience } from './patience.js';
import { readText } from './proc-file.js';
import type { UserNames } from './user-names.js';

export interface ProcessOwner {
  readonly user?: string;
  readonly command?: string;
}

const MAX_COMMAND = 256;
const FEW = 1_000;

/**
 * Who runs a process and what it runs, from /proc. The kernel gives out a command line only under a lock of the process's memory,
 * which one that waits for a dead network disk holds for ever (`ps` hangs there too): it is asked beside the reading, and the
 * short name stands for it where it doesn't come.
 */
export class ProcessOwners {
  readonly #names: UserNames;
  readonly #commands: AgentConfig['commands'];
  readonly #clock: Clock;
  readonly #proc: string;
  readonly #patience: Patience;
  /** A process keeps its command line mostly for life, and its short name changes with it. */
  readonly #known = new Map<string, { command: string; at: Millis }>();

  constructor(names: UserNames, commands: AgentConfig['commands'], clock: Clock, proc = '/proc') {
    this.#names = names;
    this.#commands = commands;
    this.#clock = clock;
    this.#proc = proc;
    this.#patience = new Patience(SECOND, 2, clock);
  }

  /** Processes whose command line hangs. */
  get stuck(): readonly string[] {
    return this.#patience.stuck;
  }

  /** Empty for a process of a namespace that this one cannot see. */
  async of(pid: number): Promise<ProcessOwner> {
    const user = this.#userOf(pid);
    if (user === undefined) return {};
    const command = this.#commands === 'off' ? '' : await this.#commandOf(pid);
    return { user, ...(command && { command }) };
  }

  async #commandOf(pid: number): Promise<string> {
    const short = readText(`${this.#proc}/${pid}/comm`) ?? '';
    const key = `${pid} ${short}`;
    const now = this.#clock.now();
    const known = this.#known.get(key);
    if (known && Math.abs(now - known.at) < MINUTE) return known.command;
    const line = await this.#patience.ask(String(pid), () => readFile(`${this.#proc}/${pid}/cmdline`, 'utf8').catch(() => ''));
    const command = toCommand(line || short, this.#commands);
    if (this.#known.size >= FEW) this.#known.clear();
    if (line !== null) this.#known.set(key, { command, at: now });
    return command;
  }

  #userOf(pid: number): string | undefined {
    try {
      return this.#names.nameOf(statSync(`${this.#proc}/${pid}`).uid);
    } catch {
      return undefined; // ended meanwhile, or not ours to see
    }
  }
}

/** The NUL-separated text of /proc/<pid>/cmdline → one printable line, cut where the contract cuts it. */
export function toCommand(cmdline: string, commands: AgentConfig['commands']): string {
  const words = cmdline.replace(/\0+$/, '').split('\0');
  const text = commands === 'name' ? words[0]!.split(' ')[0]!.split('/').pop()! : words.join(' ');
  // A process names itself as it likes; nothing unprintable leaves the machine
  return [...text.slice(0, 4 * MAX_COMMAND).replace(/[\x00-\x1f\x7f-\x9f]+/g, ' ').trim()].join('').slice(0, MAX_COMMAND);
}
