import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { chmod, readFile, rename, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { isServerId } from '@vacancy/shared';

/** Who may report through the listener. The user name is the server's id. */
export interface Account {
  /** `scrypt:N:r:p:salt:hash`, the last two in base64. */
  readonly hash: string;
  /** Alias and place for the pages: stock clients don't send either. */
  readonly name?: string;
  readonly location?: string;
}

export interface Accounts {
  /** The account, if the password is its own. Takes as long for unknown users as for known ones. */
  verify(user: string, password: string): Promise<Account | null>;
  has(user: string): Promise<boolean>;
}

export interface NewAccount {
  readonly user: string;
  readonly password: string;
  readonly name?: string;
  readonly location?: string;
}

/** The accounts in a JSON file, read at each login: what is added or removed there counts at once. */
export function fileAccounts(file: string): Accounts {
  return {
    async verify(user, password) {
      const account = (await readAccounts(file)).get(user);
      const right = await matches(password, account?.hash ?? NOBODY);
      return account && right ? account : null;
    },
    has: async (user) => (await readAccounts(file)).has(user),
  };
}

/** Adds an account, or gives an old one a new password. @throws RangeError for a name that is no server id, or an empty password. */
export async function addAccount(file: string, account: NewAccount): Promise<void> {
  const { user, password, name, location } = account;
  if (!isServerId(user)) throw new RangeError(`"${user}" cannot name a server: small letters, digits, - and _, at most 63, beginning with a letter or digit`);
  if (password === '' || /[\r\n]/.test(password)) throw new RangeError('a password is one line of at least one character');
  if (Buffer.byteLength(`${user}:${password}`) > MAX_CREDENTIALS) throw new RangeError(`user name and password together take at most ${MAX_CREDENTIALS} bytes`);
  const accounts = await readAccounts(file);
  accounts.set(user, { hash: await hash(password), ...(name && { name }), ...(location && { location }) });
  await writeAccounts(file, accounts);
}

/** @returns whether there was such an account. */
export async function removeAccount(file: string, user: string): Promise<boolean> {
  const accounts = await readAccounts(file);
  const found = accounts.delete(user);
  if (found) await writeAccounts(file, accounts);
  return found;
}

/** A file that doesn't exist yet holds no accounts. */
export async function readAccounts(file: string): Promise<Map<string, Account>> {
  try {
    return new Map(Object.entries(JSON.parse(await readFile(file, 'utf8')) as Record<string, Account>));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
    throw cause;
  }
}

async function writeAccounts(file: string, accounts: ReadonlyMap<string, Account>): Promise<void> {
  const next = `${file}.${process.pid}.tmp`;
  await writeFile(next, `${JSON.stringify(Object.fromEntries([...accounts].sort(([a], [b]) => (a < b ? -1 : 1))), null, 2)}\n`, { mode: 0o600 });
  await chmod(next, 0o600);
  await rename(next, file);
}

/** Longest `user:password` that a client may send, without the line end. */
export const MAX_CREDENTIALS = 1023;

const derive = promisify<string | Buffer, Buffer, number, { N: number; r: number; p: number }, Buffer>(scrypt);
/** 16 MiB and some 50 ms for each guess. */
const COST = { N: 16_384, r: 8, p: 1 };
const KEY_BYTES = 32;
/** What no password hashes to; compared with for unknown users so that the answer takes as long. */
const NOBODY = `scrypt:${COST.N}:${COST.r}:${COST.p}:${Buffer.alloc(16).toString('base64')}:${Buffer.alloc(KEY_BYTES).toString('base64')}`;

async function hash(password: string): Promise<string> {
  const salt = randomBytes(16);
  const key = await derive(password, salt, KEY_BYTES, COST);
  return ['scrypt', COST.N, COST.r, COST.p, salt.toString('base64'), key.toString('base64')].join(':');
}

async function matches(password: string, stored: string): Promise<boolean> {
  const [, N, r, p, salt = '', key = ''] = stored.split(':');
  const wanted = Buffer.from(key, 'base64');
  if (wanted.length !== KEY_BYTES) return false;
  return timingSafeEqual(await derive(password, Buffer.from(salt, 'base64'), KEY_BYTES, { N: Number(N), r: Number(r), p: Number(p) }), wanted);
}
