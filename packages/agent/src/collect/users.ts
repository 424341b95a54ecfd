import { existsSync, readFileSync, readdirSync } from 'node:fs';
import type { Collector } from './collector.js';
import { readText } from './proc-file.js';

const RECORD_BYTES = 384;
const USER_PROCESS = 7;

export interface Login {
  readonly user: string;
  readonly pid: number;
}

/** The bytes of /run/utmp (utmp(5), the same on 32 and 64 bit) → who is logged in on a terminal. */
export function parseUtmp(bytes: Buffer): Login[] {
  const logins: Login[] = [];
  for (let at = 0; at + RECORD_BYTES <= bytes.length; at += RECORD_BYTES) {
    if (bytes.readInt16LE(at) !== USER_PROCESS) continue;
    const name = bytes.subarray(at + 44, at + 76);
    const end = name.indexOf(0);
    const user = name.toString('utf8', 0, end < 0 ? name.length : end);
    if (user) logins.push({ user, pid: bytes.readInt32LE(at + 4) });
  }
  return logins;
}

/** The text of one /run/systemd/sessions/<id> → its user, if a person is logged in there. */
export function parseSession(text: string): string | null {
  const value = (key: string): string => new RegExp(`^${key}=(.*)$`, 'm').exec(text)?.[1] ?? '';
  // `manager` and `background` are timers and services, `greeter` the login screen; a closing session's user has left.
  return value('CLASS').startsWith('user') && value('STATE') !== 'closing' ? value('USER') || null : null;
}

export interface LoginPaths {
  readonly sessions: string;
  readonly utmp: string;
  readonly proc: string;
}

const PATHS: LoginPaths = { sessions: '/run/systemd/sessions', utmp: '/run/utmp', proc: '/proc' };

/**
 * Names of the people logged in. From systemd's session files, which newer distributions keep instead of utmp, and from utmp, which
 * knows logins on machines without systemd. Neither there: not known.
 */
export class UserCollector implements Collector<string[]> {
  readonly name = 'users';
  readonly cadence_ms = 10_000;
  readonly #paths: LoginPaths;

  constructor(paths: LoginPaths = PATHS) {
    this.#paths = paths;
  }

  async collect(): Promise<string[]> {
    const { sessions, utmp } = this.#paths;
    const known = [existsSync(sessions) && this.#fromSessions(), existsSync(utmp) && this.#fromUtmp()];
    if (known.every((users) => users === false)) throw new Error(`neither ${sessions} nor ${utmp} is there`);
    return [...new Set(known.flatMap((users) => users || []))].map((user) => user.slice(0, 64)).sort();
  }

  #fromSessions(): string[] {
    const { sessions } = this.#paths;
    const files = readdirSync(sessions).filter((file) => !file.endsWith('.ref'));
    return files.flatMap((file) => parseSession(readText(`${sessions}/${file}`) ?? '') ?? []);
  }

  /** A session that died without signing off stays in utmp, its process does not. */
  #fromUtmp(): string[] {
    const { utmp, proc } = this.#paths;
    return parseUtmp(readFileSync(utmp)).filter(({ pid }) => existsSync(`${proc}/${pid}`)).map(({ user }) => user);
  }
}
