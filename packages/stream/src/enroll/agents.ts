import { access, readFile } from 'node:fs/promises';
import path from 'node:path';
import { createUser } from '@nats-io/nkeys';
import { inventorySubject, isServerId, sampleSubject } from '@vacancy/shared';
import { locked, writeWhole } from './files.js';
import { reloadBroker, type Reload } from './reload.js';

/** The broker's list of agents, beside its configuration: JSON, which its configuration language contains. */
export const AGENTS_FILE = 'agents.conf';

export interface Enrolled {
  readonly id: string;
  readonly nkey: string;
}

export interface Enrolment extends Enrolled {
  /** The agent's secret: shown once, kept nowhere on the hub. */
  readonly seed: string;
  readonly reload: Reload;
}

export class EnrolmentError extends Error {
  override readonly name = 'EnrolmentError';
  readonly code: 'bad_id' | 'already_enrolled';
  constructor(code: EnrolmentError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** Creates a credential that can publish as `id` and nothing else, and makes the running broker take it. @throws EnrolmentError */
export async function enroll(dir: string, id: string, { replace = false } = {}): Promise<Enrolment> {
  if (!isServerId(id)) throw new EnrolmentError('bad_id', `"${id}" cannot name a server: small letters, digits, - and _, at most 63, beginning with a letter or digit`);
  const key = createUser();
  const nkey = key.getPublicKey();
  const seed = new TextDecoder().decode(key.getSeed());
  await change(dir, (agents) => {
    if (agents.some((agent) => agent.id === id) && !replace) throw new EnrolmentError('already_enrolled', `${id} is enrolled already; revoke it first, or replace its key`);
    return [...agents.filter((agent) => agent.id !== id), { id, nkey }];
  });
  return { id, nkey, seed, reload: await reloadBroker(dir) };
}

/** Ends an agent's credential; the broker closes its connection at once. @returns `null` when there was no such agent. */
export async function revoke(dir: string, id: string): Promise<Reload | null> {
  let found = false;
  await change(dir, (agents) => {
    found = agents.some((agent) => agent.id === id);
    return agents.filter((agent) => agent.id !== id);
  });
  return found ? reloadBroker(dir) : null;
}

/** By id. A folder without the file has no agents. */
export async function listEnrolled(dir: string): Promise<Enrolled[]> {
  const text = await readFile(path.join(dir, AGENTS_FILE), 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return '{ "users": [] }';
    throw cause;
  });
  const { users } = JSON.parse(text) as { users: BrokerUser[] };
  return users.map(({ nkey, permissions }) => ({ id: permissions.publish.allow[0].slice(sampleSubject('').length), nkey }));
}

/** The key of the hub's own machine comes without anybody's hand: made where it is missing, kept where it is there. */
export async function ensureAgentKey(dir: string, id: string, file: string): Promise<void> {
  const enrolled = (await listEnrolled(dir)).some((agent) => agent.id === id);
  if (enrolled && (await access(file).then(() => true, () => false))) return;
  const { seed } = await enroll(dir, id, { replace: true });
  await writeWhole(file, `${seed}\n`, 0o600);
}

/** Writes the list as it stands, so that a broker that starts for the first time finds one. */
export const ensureAgents = (dir: string): Promise<void> => change(dir, (agents) => agents);

interface BrokerUser {
  readonly nkey: string;
  readonly permissions: {
    readonly publish: { readonly allow: readonly [sample: string, inventory: string, ...time: string[]] };
    readonly subscribe: { readonly allow: readonly [inbox: string] };
  };
}

async function change(dir: string, edit: (agents: Enrolled[]) => Enrolled[]): Promise<void> {
  const file = path.join(dir, AGENTS_FILE);
  await locked(file, async () => {
    const agents = edit(await listEnrolled(dir)).sort((a, b) => (a.id < b.id ? -1 : 1));
    await writeWhole(file, `${agentsConfig(agents)}\n`, 0o644);
  });
}

/** Answered about the asking user (from 2.10 on) and about its own account's message counts; agents read the broker's clock from it. */
const TIME = ['$SYS.REQ.USER.INFO', '$SYS.REQ.ACCOUNT.PING.STATZ'] as const;

/** One agent a line. The inbox is for acknowledgements: an agent can hear nothing else, nor another agent's. */
export function agentsConfig(agents: readonly Enrolled[]): string {
  const users = agents.map(({ id, nkey }): BrokerUser => ({
    nkey,
    permissions: { publish: { allow: [sampleSubject(id), inventorySubject(id), ...TIME] }, subscribe: { allow: [`_INBOX_${id}.>`] } },
  }));
  return `{ "users": [\n${users.map((user) => JSON.stringify(user)).join(',\n')}\n] }`;
}
