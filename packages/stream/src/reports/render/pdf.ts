import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/** No browser is installed that could print. */
export class NoBrowserError extends Error {
  override readonly name = 'NoBrowserError';
  constructor() {
    super('A PDF needs Chromium or Chrome on the host of the service, and none was found. Install one (apt-get install chromium), or print the .html form from any browser.');
  }
}

const BROWSERS = [
  'chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome', 'microsoft-edge',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome', '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

export interface PdfOptions {
  /** Tried in this order. */
  readonly browsers?: readonly string[];
  readonly timeout_ms?: number;
}

/** Prints pages one after another: a browser takes 200 MB, and many at once would take the service's memory. */
export function createPrinter({ browsers = BROWSERS, timeout_ms = 60_000 }: PdfOptions = {}): (html: string) => Promise<Buffer> {
  let before: Promise<unknown> = Promise.resolve();
  return (html) => {
    const printed = before.then(() => print(html, browsers, timeout_ms));
    before = printed.catch(() => {});
    return printed;
  };
}

async function print(html: string, browsers: readonly string[], timeout_ms: number): Promise<Buffer> {
  const folder = await mkdtemp(path.join(tmpdir(), 'vacancy-pdf-'));
  try {
    const page = path.join(folder, 'report.html');
    const pdf = path.join(folder, 'report.pdf');
    await writeFile(page, html);
    await runFirst(browsers, argumentsFor(folder, page, pdf), timeout_ms);
    return await readFile(pdf);
  } finally {
    // A browser that was killed may still be writing its profile.
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

/** A profile of its own and no network. (Scripts stay on: Chromium prints with one of its own; the page's policy forbids them.) */
const argumentsFor = (folder: string, page: string, pdf: string): string[] => [
  '--headless', '--disable-gpu', '--no-first-run', '--disable-extensions', '--disable-background-networking', '--disable-dev-shm-usage',
  '--host-resolver-rules=MAP * ~NOTFOUND', `--user-data-dir=${path.join(folder, 'profile')}`,
  // Chromium's sandbox refuses to start for root, as in many containers.
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
  '--no-pdf-header-footer', `--print-to-pdf=${pdf}`, pathToFileURL(page).href,
];

async function runFirst(browsers: readonly string[], args: readonly string[], timeout_ms: number): Promise<void> {
  for (const browser of browsers) {
    const outcome = await run(browser, args, timeout_ms);
    if (outcome === 'done') return;
    if (outcome !== 'missing') throw new Error(`${path.basename(browser)} could not print the report: ${outcome}`);
  }
  throw new NoBrowserError();
}

/** A group of its own, so that a browser that hangs goes with all its children. */
function run(browser: string, args: readonly string[], timeout_ms: number): Promise<string> {
  return new Promise((done) => {
    const child = spawn(browser, args, { stdio: 'ignore', detached: true });
    const timer = setTimeout(() => end('it took too long'), timeout_ms);
    const end = (outcome: string) => {
      clearTimeout(timer);
      killGroup(child);
      done(outcome);
    };
    child.on('error', (error: NodeJS.ErrnoException) => end(error.code === 'ENOENT' || error.code === 'EACCES' ? 'missing' : error.message));
    child.on('exit', (code, signal) => end(code === 0 ? 'done' : `it ended with ${signal ?? `exit ${code}`}`));
  });
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // The group is gone, as it should be.
  }
}
