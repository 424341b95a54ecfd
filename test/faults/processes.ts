import { execFileSync, fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** Knows every process that the suite has started, directly or not, and ends those that are left when it is gone. */
export class Guard implements Disposable {
  readonly #child: ChildProcess;
  readonly #watched = new Set<number>();

  constructor(folder: string) {
    this.#child = fork(fileURLToPath(new URL('guard.mjs', import.meta.url)), { execArgv: [] });
    this.#child.send({ folder });
  }

  /** @param mark a part of its command line: a number may belong to another process one day. */
  watch(pid: number, mark: string): void {
    if (this.#watched.has(pid)) return;
    this.#watched.add(pid);
    this.#child.send({ add: pid, mark });
  }

  release(pid: number): void {
    if (this.#watched.delete(pid) && this.#child.connected) this.#child.send({ remove: pid });
  }

  /** Whether one of them is still there. */
  get busy(): boolean {
    for (const pid of this.#watched) if (!signal(pid, 0)) this.release(pid);
    return this.#watched.size > 0;
  }

  [Symbol.dispose](): void {
    if (this.#child.connected) this.#child.disconnect();
  }
}

const RESTART_MS = 300;

/** A process that is started again whenever it ends, until it is told to end for good. */
export class Kept {
  readonly name: string;
  readonly #launch: () => ChildProcess;
  readonly #guard: Guard;
  readonly #mark: string;
  #child: ChildProcess | undefined;
  #pause = RESTART_MS;
  #timer: NodeJS.Timeout | undefined;
  #ended = false;

  /** @param mark see `Guard.watch` */
  constructor({ name, mark }: { name: string; mark: string }, guard: Guard, launch: () => ChildProcess) {
    this.name = name;
    this.#mark = mark;
    this.#guard = guard;
    this.#launch = launch;
    this.#start();
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Ends it now; it is back after `down_ms`. @returns whether there was a process. */
  end(signal: 'SIGKILL' | 'SIGTERM', down_ms: number): boolean {
    const child = this.#child;
    this.#child = undefined;
    this.#pause = down_ms;
    return child?.kill(signal) ?? false;
  }

  /** Lets it come to its own end, which `ask` begins. @returns its exit code; null when it had to be killed. */
  async finish(ask: (child: ChildProcess) => void, patience_ms: number): Promise<number | null> {
    this.#ended = true;
    clearTimeout(this.#timer);
    const child = this.#child;
    if (!child) return null;
    const exit = once(child, 'exit');
    ask(child);
    const timer = setTimeout(() => child.kill('SIGKILL'), patience_ms);
    const [code] = (await exit) as [number | null];
    clearTimeout(timer);
    return code;
  }

  #start(): void {
    const child = this.#launch();
    this.#child = child;
    if (child.pid !== undefined) this.#guard.watch(child.pid, this.#mark);
    child.once('exit', () => {
      if (child.pid !== undefined) this.#guard.release(child.pid);
      this.#child = undefined;
      if (this.#ended) return;
      this.#timer = setTimeout(() => this.#start(), this.#pause);
      this.#pause = RESTART_MS;
    });
  }
}

/** The processes of this machine. */
function processes(): { pid: number; ppid: number; args: string }[] {
  const lines = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8', maxBuffer: 2 ** 24 }).split('\n');
  return lines.map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line)).filter((match) => match !== null).map(([, pid, ppid, args]) => ({ pid: Number(pid), ppid: Number(ppid), args: args! }));
}

/** The database's process, which the service starts. */
export class EngineProcess {
  static readonly #MARK = 'engine/child';
  readonly #service: Kept;
  readonly #guard: Guard;
  #stopUntil = 0;

  constructor(service: Kept, guard: Guard) {
    this.#service = service;
    this.#guard = guard;
  }

  /** @returns whether there was one. */
  kill(): boolean {
    const pid = this.#pid();
    return pid !== undefined && signal(pid, 'SIGKILL');
  }

  /** Stops it for so long, and each that takes its place meanwhile. */
  async stop(for_ms: number): Promise<void> {
    const stopping = Date.now() < this.#stopUntil;
    this.#stopUntil = Math.max(this.#stopUntil, Date.now() + for_ms);
    if (stopping) return;
    const stopped = new Set<number>();
    while (Date.now() < this.#stopUntil) {
      const pid = this.#pid();
      if (pid !== undefined && !stopped.has(pid) && signal(pid, 'SIGSTOP')) stopped.add(pid);
      await sleep(200);
    }
    for (const pid of stopped) signal(pid, 'SIGCONT');
  }

  #pid(): number | undefined {
    const parent = this.#service.pid;
    const pid = processes().find(({ ppid, args }) => ppid === parent && args.includes(EngineProcess.#MARK))?.pid;
    if (pid !== undefined) this.#guard.watch(pid, EngineProcess.#MARK);
    return pid;
  }
}

/** @returns whether there was such a process. */
function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}
