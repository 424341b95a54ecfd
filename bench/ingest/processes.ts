import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** CPU seconds (user and system) that a process has used; Linux counts in hundredths. */
export function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

export interface Script<Answer> extends AsyncDisposable {
  readonly pid: number;
  /** The next line that it prints, as JSON. */
  answer(timeout_ms: number): Promise<Answer>;
}

/** Another script of this folder in a process of its own, so that its CPU time is its own. */
export function startScript<Answer>(name: string, parameters: object): Script<Answer> {
  const file = fileURLToPath(new URL(name, import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', '--conditions=@vacancy/source', file, JSON.stringify(parameters)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    pid: child.pid!,
    async answer(timeout_ms) {
      const line = await within(timeout_ms, lines.next(), name);
      if (line.done) throw new Error(`${name} ended without an answer`);
      return JSON.parse(line.value) as Answer;
    },
    [Symbol.asyncDispose]: () => end(child),
  };
}

export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await exit;
  clearTimeout(killer);
}

async function within<T>(ms: number, promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => (timer = setTimeout(() => reject(new Error(`${what}: nothing within ${ms} ms`)), ms)));
  return Promise.race([promise, timeout]).finally(() => clearTimeout(timer));
}

export const parameters = <T>(): T => JSON.parse(process.argv[2]!) as T;
export const say = (answer: object): void => void process.stdout.write(`${JSON.stringify(answer)}\n`);
