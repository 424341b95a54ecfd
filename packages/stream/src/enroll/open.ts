import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { isLoopback } from '../config.js';
import { CONFIG_FILE } from './reload.js';

/** Whether other machines can reach the broker of this folder, as it was last started; `null` where it was never started from here. */
export async function isOpen(dir: string): Promise<boolean | null> {
  const text = await readFile(path.join(dir, CONFIG_FILE), 'utf8').catch(() => '');
  const host = /^listen: "\[?(.+?)\]?:\d+"$/m.exec(text)?.[1];
  return host === undefined ? null : !isLoopback(host);
}
