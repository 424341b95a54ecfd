import { execFile } from 'node:child_process';
import { HOUR, MINUTE, type Clock, type Millis } from '@vacancy/shared/plain';
import { readText } from './proc-file.js';

/** The text of /etc/passwd → names by uid; the first of several with one uid, as the system itself takes it. */
export function parsePasswd(text: string): Map<number, string> {
  const names = new Map<number, string>();
  for (const line of text.split('\n')) {
    const [name, , uid] = line.split(':');
    if (name && uid && /^\d+$/.test(uid) && !names.has(Number(uid))) names.set(Number(uid), name);
  }
  return names;
}

/** Asks the system's directory (LDAP, NIS, SSSD) for one uid. */
export type Lookup = (uid: number) => Promise<string | null>;

const getent: Lookup = (uid) =>
  new Promise((resolve) => {
    execFile('getent', ['passwd', String(uid)], { timeout: 5_000 }, (error, out) => resolve(error ? null : out.split(':')[0] || null));
  });

/**
 * Names of users. Local ones come from /etc/passwd; a lab's own often live in a directory service, which is asked once an hour
 * for each uid, beside the reading. Until it answers, and where nobody knows, a user goes by the number, as `ps` shows it.
 */
export class UserNames {
  readonly #path: string;
  readonly #lookup: Lookup;
  readonly #clock: Clock;
  #local = new Map<number, string>();
  #read_at: Millis = -Infinity;
  readonly #asked = new Map<number, { at: Millis; name: string | null }>();

  constructor(clock: Clock, path = '/etc/passwd', lookup: Lookup = getent) {
    this.#clock = clock;
    this.#path = path;
    this.#lookup = lookup;
  }

  nameOf(uid: number): string {
    const now = this.#clock.now();
    if (Math.abs(now - this.#read_at) >= MINUTE) {
      this.#local = parsePasswd(readText(this.#path) ?? '');
      this.#read_at = now;
    }
    return (this.#local.get(uid) ?? this.#ask(uid, now) ?? String(uid)).slice(0, 64);
  }

  #ask(uid: number, now: Millis): string | null {
    const known = this.#asked.get(uid);
    if (known && Math.abs(now - known.at) < HOUR) return known.name;
    const entry = { at: now, name: known?.name ?? null };
    this.#asked.set(uid, entry);
    void this.#lookup(uid).then((name) => (entry.name = name));
    return entry.name;
  }
}
