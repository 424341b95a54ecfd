// Finds a Chromium for the tests in a browser, or installs Debian's.

import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { Trouble } from './say.mjs';

const run = promisify(execFile);
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** @returns {Promise<string>} path of the browser */
export async function resolveChromium({ say = (/** @type {string} */ _text) => {}, env = process.env } = {}) {
  if (env.CHROMIUM_BIN) return env.CHROMIUM_BIN;
  const found = await fromPath(env.PATH ?? '');
  if (found) return found;
  if (process.platform === 'linux' && process.getuid?.() === 0) {
    say('installing Debian\'s Chromium, for the tests in a browser');
    const quiet = { env: { ...env, DEBIAN_FRONTEND: 'noninteractive' }, timeout: 600_000, maxBuffer: 1e8 };
    await run('apt-get', ['update', '-qq'], quiet).catch(() => {});
    // Without a font of its own, every Chinese character in a screenshot would be an empty box.
    await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium', 'fonts-noto-cjk'], quiet).catch(() => {});
    const installed = await fromPath(env.PATH ?? '');
    if (installed) return installed;
  }
  throw new Trouble('The tests in a browser need Chromium. Debian and Ubuntu: "apt-get install chromium"; or set CHROMIUM_BIN to the path of one.');
}

async function fromPath(PATH) {
  for (const folder of [...PATH.split(path.delimiter), '/usr/bin']) {
    for (const name of NAMES) {
      const file = path.join(folder, name);
      if (await access(file, constants.X_OK).then(() => true, () => false)) return file;
    }
  }
  return null;
}
