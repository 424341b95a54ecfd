import { userInfo } from 'node:os';
import { InvalidArgumentError, type Command } from 'commander';
import { API_BASE, SECOND, type Candidate, type Hold, type Recommendation, type RecommendQuery } from '@vacancy/shared';
import { age, gib } from '../recommend/words.js';
import { CommandError, ask, hubUrl } from './hub-api.js';
import { plain, table, width } from './terminal.js';

interface FreeOptions {
  readonly gpus: number;
  readonly memory?: string;
  readonly model?: string;
  readonly location?: string;
  readonly exclude?: string;
  readonly order?: 'plain' | 'steady';
  readonly spread?: boolean;
  readonly cpuFree?: number;
  readonly memoryFree?: string;
  readonly limit: number;
  readonly by: string;
  readonly hold?: number;
  readonly watch?: boolean;
  readonly json?: boolean;
  readonly url?: string;
}

const WATCH_EVERY_MS = 2 * SECOND;
const WHY_NOT_LINES = 12;

/** `vacancy free`: which cards to use now. Exits 1 when nothing fits, so that a script can wait for a card. */
export function registerFree(program: Command): void {
  program
    .command('free')
    .description('which cards to use now; exit code 1 when none fits')
    .option('-g, --gpus <n>', 'cards on one server; 0 for a server without', whole, 1)
    .option('-m, --memory <size>', 'free memory on each card: 20G, 8GiB')
    .option('--model <text>', 'part of the card model, such as A100')
    .option('--location <text>', 'part of the location')
    .option('--exclude <servers>', 'servers to leave out, comma-separated')
    .option('--order <order>', 'plain: most free memory first; steady: likeliest to stay free first', order)
    .option('--spread', 'the cards may lie on several servers')
    .option('--cpu-free <percent>', 'least CPU headroom over 5 minutes', number)
    .option('--memory-free <size>', 'least free main memory')
    .option('-n, --limit <n>', 'servers to show', whole, 3)
    .option('--by <name>', 'who asks', userName())
    .option('--hold <minutes>', 'hold the cards of the first answer, with --spread of all', number)
    .option('-w, --watch', 'go on until interrupted')
    .option('--json', 'print the answer as JSON')
    .option('--url <url>', 'where the service answers')
    .action((options: FreeOptions) => (options.watch ? watch(options) : once(options)));
}

async function once(options: FreeOptions): Promise<void> {
  const url = hubUrl(options.url);
  const { answer, holds } = options.hold === undefined ? { answer: await recommendation(url, options), holds: [] } : await askAndHold(url, options);
  process.stdout.write(options.json ? `${JSON.stringify(holds[0] ? { ...answer, hold: holds[0], holds } : answer)}\n` : render(answer, { ...options, holds, columns: process.stdout.columns }));
  process.exitCode = answer.servers.length > 0 ? 0 : 1;
}

/** A service that is away for a while is said so and asked again. */
async function watch(options: FreeOptions): Promise<void> {
  const url = hubUrl(options.url);
  const clear = process.stdout.isTTY && !options.json ? '\u001b[H\u001b[2J' : '';
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  while (!stop.signal.aborted) {
    const text = await recommendation(url, options).then(
      (answer) => {
        process.exitCode = answer.servers.length > 0 ? 0 : 1;
        return options.json ? `${JSON.stringify(answer)}\n` : render(answer, { ...options, columns: process.stdout.columns });
      },
      (error: unknown) => {
        if (!(error instanceof CommandError)) throw error;
        process.exitCode = 2;
        // Whoever reads the answers by program finds answers only.
        if (options.json) process.stderr.write(`${plain(error.message)}\n`);
        return options.json ? '' : `${plain(error.message)}\n`;
      },
    );
    process.stdout.write(clear + text);
    await pause(WATCH_EVERY_MS, stop.signal);
  }
}

function recommendation(url: string, options: FreeOptions): Promise<Recommendation> {
  const { gpus, memory, model, location, exclude, order, spread, limit, by } = options;
  const query: RecommendQuery = { gpus, memory, model, location, exclude, order, spread, limit, by, cpu_free: options.cpuFree, memory_free: options.memoryFree };
  const given = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined && value !== '') given.set(key, String(value));
  return ask<Recommendation>(url, `${API_BASE}/recommend?${given}`);
}

const HOLD_TRIES = 5;

/** Another who asked at the same moment may be quicker: then there is another answer. */
async function askAndHold(url: string, options: FreeOptions, tries = HOLD_TRIES): Promise<{ answer: Recommendation; holds: Hold[] }> {
  const answer = await recommendation(url, options);
  const holds: Hold[] = [];
  try {
    for (const one of answer.servers.slice(0, options.spread ? undefined : 1)) holds.push(await holdCards(url, one, options));
  } catch (error) {
    await Promise.allSettled(holds.map(({ id }) => ask(url, `${API_BASE}/holds/${encodeURIComponent(id)}`, { method: 'DELETE' })));
    if (error instanceof CommandError && error.code === 'held' && tries > 1) return askAndHold(url, options, tries - 1);
    throw error;
  }
  return { answer, holds };
}

function holdCards(url: string, first: Candidate, { by, hold }: FreeOptions): Promise<Hold> {
  const body = JSON.stringify({ server: first.server, gpus: first.gpus.map((card) => card.id), by, minutes: hold });
  return ask<Hold>(url, `${API_BASE}/holds`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
}

export interface RenderOptions {
  /** All that is answered is needed, not the first alone. */
  readonly spread?: boolean;
  readonly holds?: readonly Hold[];
  /** Cells in a line of the terminal. */
  readonly columns?: number | undefined;
}

/** The answer as people read it, and the lines to copy last. */
export function render(answer: Recommendation, { spread = false, holds = [], columns }: RenderOptions = {}): string {
  if (answer.servers.length === 0) return `Nothing fits.\n\n${whyNot(answer)}\n`;
  const needed = answer.servers.slice(0, spread ? undefined : 1);
  return `${fitting(answer, columns)}\n\n${holds.map(heldFor).join('')}${needed.map(toCopy).join('')}`;
}

/** What a narrow terminal can do without, first to last. */
const SPARE = ['name', 'model', 'read', 'stays free', 'used by'];

function fitting(answer: Recommendation, columns?: number): string {
  const head = ['server', 'name', 'cards', 'model', 'free', 'used by', 'stays free', 'read'];
  const rows = answer.servers.map((one) => [
    one.simulated ? `${one.server} (simulated)` : one.server, one.name, one.cuda_visible_devices || '-', models(one), one.gpus.length > 0 ? gib(Math.min(...one.gpus.map((card) => card.memory_free))) : '-',
    users(one), one.steadiness === null ? '-' : `${Math.floor(one.steadiness * 100)} %`, `${age(Math.max(0, answer.ts - one.last_ts))} ago`,
  ]);
  return table([head, ...rows], columns, SPARE);
}

const models = (one: Candidate): string => [...new Set(one.gpus.map((card) => card.gpu_type ?? '?'))].join(', ') || '-';

/** Free memory leads the order, so a card may have company. */
function users(one: Candidate): string {
  const names = one.reasons.flatMap(({ code, params }) => (code === 'shared' || code === 'occupied_idle' ? [String(params['users'])] : code === 'shared_unknown' || code === 'computes' ? ['?'] : []));
  return [...new Set(names)].join(', ') || '-';
}

/** Card numbers are those of nvidia-smi; CUDA itself counts fastest first unless told to count by bus. */
function toCopy(one: Candidate): string {
  const devices = one.cuda_visible_devices.replace(/[^\d,]/g, '');
  return `# on ${plain(one.server)}\n` + (devices === '' ? '' : `export CUDA_DEVICE_ORDER=PCI_BUS_ID\nexport CUDA_VISIBLE_DEVICES=${devices}\n`);
}

const heldFor = ({ id, by, created, until }: Hold): string => `Held for ${plain(by)} for ${age(until - created)}: DELETE ${API_BASE}/holds/${plain(id)} ends it.\n`;

function whyNot(answer: Recommendation): string {
  if (answer.rejected.length === 0) return 'No server is known yet.';
  const shown = answer.rejected.slice(0, WHY_NOT_LINES);
  const more = answer.rejected.length - shown.length;
  const column = Math.max(...shown.map((one) => width(plain(one.server))));
  const lines = shown.map((one) => `${plain(one.server)}${' '.repeat(column - width(plain(one.server)))}  ${plain(one.reason)}`);
  return [...lines, ...(more > 0 ? [`and ${more} more`] : [])].join('\n');
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) return done();
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', () => (clearTimeout(timer), done()), { once: true });
  });
}

function userName(): string {
  try {
    return userInfo().username.slice(0, 64);
  } catch {
    return ''; // a container may run under a number that has no name
  }
}

function whole(text: string): number {
  if (!/^\d{1,4}$/.test(text)) throw new InvalidArgumentError('A whole number is needed.');
  return Number(text);
}

function number(text: string): number {
  if (!/^\d{1,6}(\.\d+)?$/.test(text)) throw new InvalidArgumentError('A number is needed.');
  return Number(text);
}

function order(text: string): string {
  if (text !== 'plain' && text !== 'steady') throw new InvalidArgumentError('It is plain or steady.');
  return text;
}
