// Child processes that are started in order, kept alive, and ended in reverse order.

import { spawn } from 'node:child_process';
import { createWriteStream, statSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';

const RESTART_MS = [200, 500, 1000, 2000, 5000];
/** A child that lived this long starts anew with a short pause. */
const HEALTHY_MS = 30_000;
/** What all children together may take to end: with the start script's own end within five seconds. */
const PATIENCE_MS = 4_500;
const LOG_LIMIT = 20e6;

/**
 * @typedef {{ name: string, command: string, args: string[], env?: Record<string, string>, onLine?: (line: string) => void }} Program
 */
export class Supervisor {
  #children = [];
  #stopping = false;
  #logs;
  #onChange;

  /** @param {{ logs: string, onChange?: (pids: { name: string, pid: number }[]) => void }} options */
  constructor({ logs, onChange = () => {} }) {
    this.#logs = logs;
    this.#onChange = onChange;
  }

  /** @param {Program} program */
  start(program) {
    const child = { program, process: null, failures: 0, timer: null, lastExit: null };
    this.#children.push(child);
    this.#spawn(child);
    return {
      /** How the child ended the last time, or null while it has not. */
      lastExit: () => child.lastExit,
      log: this.#logFile(program.name),
    };
  }

  /**
   * Ends everything in reverse order: politely, and what has not ended when the patience is over, at once.
   * @returns {Promise<string[]>} names of those that had to be killed
   */
  async stop() {
    this.#stopping = true;
    const impatient = setTimeout(() => this.kill(), PATIENCE_MS);
    const killed = [];
    for (const child of [...this.#children].reverse()) {
      clearTimeout(child.timer);
      if (child.process && (await end(child.process)) === 'SIGKILL') killed.push(child.program.name);
    }
    clearTimeout(impatient);
    this.#onChange([]);
    return killed;
  }

  /** Ends everything at once; nothing is lost by it. */
  kill() {
    this.#stopping = true;
    for (const child of this.#children) child.process?.kill('SIGKILL');
  }

  #spawn(child) {
    const { name, command, args, env, onLine } = child.program;
    const since = Date.now();
    const log = createWriteStream(this.#logFile(name), { flags: tooLong(this.#logFile(name)) ? 'w' : 'a' });
    child.process = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe', 'ipc'], detached: true });
    child.process.stdout.on('data', (chunk) => {
      log.write(chunk);
      if (onLine) for (const line of String(chunk).split('\n')) if (line) onLine(line);
    });
    child.process.stderr.on('data', (chunk) => log.write(chunk));
    child.process.on('error', (error) => log.write(`${error.message}\n`));
    child.process.on('exit', (code, signal) => {
      child.process = null;
      child.lastExit = { code, signal };
      log.end();
      this.#report();
      if (this.#stopping) return;
      child.failures = Date.now() - since > HEALTHY_MS ? 0 : child.failures + 1;
      child.timer = setTimeout(() => this.#spawn(child), RESTART_MS[Math.min(child.failures, RESTART_MS.length - 1)]);
    });
    this.#report();
  }

  #report() {
    this.#onChange(this.#children.flatMap(({ program, process }) => (process?.pid ? [{ name: program.name, pid: process.pid }] : [])));
  }

  #logFile(name) {
    return path.join(this.#logs, `${name}.log`);
  }
}

/** @returns {Promise<NodeJS.Signals | null>} the signal that ended it, if one did */
function end(child) {
  return new Promise((resolve) => {
    child.on('exit', (_code, signal) => resolve(signal));
    child.kill('SIGTERM');
  });
}

/** Ends what an earlier start left behind when it was killed itself, if the process still is what it was. */
export async function endLeftovers(children, marks) {
  for (const { pid } of children) {
    const cmdline = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (marks.some((mark) => cmdline.includes(mark))) process.kill(pid, 'SIGTERM');
  }
  for (let waited = 0; waited < PATIENCE_MS && (await anyAlive(children, marks)); waited += 100) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function anyAlive(children, marks) {
  const running = new Set(await readdir('/proc').catch(() => []));
  for (const { pid } of children) {
    if (!running.has(String(pid))) continue;
    const cmdline = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (marks.some((mark) => cmdline.includes(mark))) return true;
  }
  return false;
}

export function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function tooLong(file) {
  try {
    return statSync(file).size > LOG_LIMIT;
  } catch {
    return false;
  }
}
