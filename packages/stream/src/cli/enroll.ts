import { hostname } from 'node:os';
import type { Command } from 'commander';
import type { LiveRow } from '@vacancy/shared';
import { EnrolmentError, enroll, hubDir, installLine, installScriptSha256, isOpen, listEnrolled, revoke, type Reload } from '../enroll/index.js';
import { dataDir } from './data-dir.js';
import { CommandError, ask, hubPort, hubUrl } from './hub-api.js';
import { table } from './terminal.js';

const dir = (): string => hubDir(dataDir());

/** `enroll`, `revoke`, `agents`: who may publish as which server. They run on the hub, beside its data folder. */
export function registerEnroll(program: Command): void {
  program
    .command('enroll <server>')
    .description('create a credential that can publish only as this server, and print the line to paste there')
    .option('--replace', 'end the credential it has and create another')
    .option('--hub <url>', 'where the server reaches the pages of this hub', `http://${hostname()}:${hubPort()}`)
    .option('--nats <url>', 'where it reaches the broker', `nats://${hostname()}:${process.env.VACANCY_NATS_PORT ?? '4222'}`)
    .action(async (server: string, options: { replace?: boolean; hub: string; nats: string }) => {
      const install_sha256 = await packedAgent();
      const { seed, reload } = await enroll(dir(), server, { replace: options.replace ?? false }).catch(asSentence);
      const line = installLine({ id: server, seed, hub_url: options.hub, nats_url: options.nats, install_sha256 });
      process.stdout.write(`${server} is enrolled. ${told(reload)}\nPaste this on the server; it holds the credential and is shown only now:\n\n${line}\n`);
      if ((await isOpen(dir())) === false) process.stdout.write(CLOSED);
    });

  program
    .command('revoke <server>')
    .description("end a server's credential; its connection is closed at once")
    .action(async (server: string) => {
      const reload = await revoke(dir(), server);
      if (reload === null) throw new CommandError(`${server} is not enrolled.`);
      process.stdout.write(`${server} is revoked. ${told(reload)}\n`);
    });

  program
    .command('agents')
    .description('the enrolled agents and those that report: version, last seen, spool, clock offset')
    .option('--url <url>', 'where the service answers')
    .option('--json', 'as JSON')
    .action(async (options: { url?: string; json?: boolean }) => {
      const enrolled = new Set((await listEnrolled(dir())).map(({ id }) => id));
      const url = hubUrl(options.url);
      const { servers } = await ask<{ servers: LiveRow[] }>(url, '/api/v1/servers');
      const known = new Map(servers.map((row) => [row.server, row]));
      const agents = await Promise.all([...new Set([...enrolled, ...known.keys()])].sort().map((id) => describe(url, id, enrolled.has(id), known.get(id))));
      process.stdout.write(options.json ? `${JSON.stringify(agents, null, 2)}\n` : `${table([HEAD, ...agents.map(toLine)])}\n`);
    });
}

const CLOSED = `
The broker was last started for this machine alone: other servers do not reach it. Start Vacancy with VACANCY_NATS_HOST, VACANCY_HOST
and VACANCY_PASSWORD set, as docs/enrol.md says, before you paste the line elsewhere.
`;

/** The hub serves the agent's files; they are packed when the first server is enrolled. */
async function packedAgent(): Promise<string> {
  const known = await installScriptSha256();
  if (known !== null) return known;
  const packer = new URL('../../../../deploy/agent/pack.mjs', import.meta.url);
  const { packAgent } = (await import(packer.href)) as { packAgent: () => Promise<{ install_sha256: string }> };
  process.stdout.write('packing the agent\n');
  return (await packAgent()).install_sha256;
}

interface Agent {
  readonly server: string;
  readonly enrolled: boolean;
  readonly online: boolean | null;
  readonly version: string | null;
  readonly last_ts: number | null;
  readonly spool_messages: number | null;
  readonly spool_dropped: number | null;
  readonly clock_offset_ms: number | null;
}

async function describe(url: string, server: string, enrolled: boolean, row: LiveRow | undefined): Promise<Agent> {
  const inventory = row && (await ask<{ inventory: { agent_version?: string } | null }>(url, `/api/v1/servers/${server}`)).inventory;
  return {
    server,
    enrolled,
    online: row?.online ?? null,
    version: inventory?.agent_version ?? null,
    last_ts: row?.last_ts ?? null,
    spool_messages: row?.health?.spool_messages ?? null,
    spool_dropped: row?.health?.spool_dropped ?? null,
    clock_offset_ms: row?.health?.clock_offset_ms ?? null,
  };
}

const HEAD = ['server', 'enrolled', 'state', 'version', 'last seen', 'spool', 'dropped', 'clock offset'];
const shown = (value: number | string | null, unit = ''): string => (value === null ? '–' : `${value}${unit}`);

const toLine = (agent: Agent): string[] => [
  agent.server,
  agent.enrolled ? 'yes' : 'no',
  agent.online === null ? 'never seen' : agent.online ? 'online' : 'offline',
  shown(agent.version),
  agent.last_ts === null ? '–' : new Date(agent.last_ts).toISOString().replace(/\.\d+Z/, 'Z'),
  shown(agent.spool_messages),
  shown(agent.spool_dropped),
  shown(agent.clock_offset_ms === null ? null : Math.round(agent.clock_offset_ms), ' ms'),
];

const told = (reload: Reload): string =>
  reload === 'reloaded' ? 'The broker knows.' : 'The broker does not run here: send it a SIGHUP where it runs, or start it.';

function asSentence(error: unknown): never {
  throw error instanceof EnrolmentError ? new CommandError(error.message) : error;
}
