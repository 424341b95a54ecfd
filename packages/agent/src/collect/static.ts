import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cpus, release, type as osType } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { StaticFacts } from '../inventory.js';
import { readText } from './proc-file.js';

/**
 * Operating system and processor. `systeminformation` knows them best, and runs in a process of its own that ends: loaded
 * here it would hold 10 MB for ever for what is asked once.
 */
export async function readStatic(): Promise<StaticFacts> {
  const own = ownStatic();
  const child = await runChild();
  return {
    os: child.os || own.os,
    kernel: child.kernel || own.kernel,
    cpu_model: child.cpu_model || own.cpu_model,
    cpu_cores: own.cpu_cores,
  };
}

/** The text of /etc/os-release → its name for people, such as `Debian GNU/Linux 12 (bookworm)`. */
export function parseOsRelease(text: string): string {
  const line = /^PRETTY_NAME=(.*)$/m.exec(text)?.[1] ?? '';
  return line.replace(/^(["'])(.*)\1$/, '$2').replace(/\\(.)/g, '$1');
}

/** What this process finds out by itself. */
export function ownStatic(): StaticFacts {
  const processors = cpus();
  return {
    os: parseOsRelease(readText('/etc/os-release') ?? '') || osType(),
    kernel: release(),
    cpu_model: processors[0]?.model.trim() ?? '',
    cpu_cores: processors.length,
  };
}

function runChild(): Promise<Partial<StaticFacts>> {
  const own = import.meta.url;
  const program = fileURLToPath(new URL(`./static-child${own.slice(own.lastIndexOf('.'))}`, own));
  if (!existsSync(program)) return Promise.resolve({}); // somebody's own bundle: what this process knows is enough
  return new Promise((resolve) => {
    execFile(process.execPath, [...process.execArgv, program], { timeout: 20_000 }, (error, out) => {
      try {
        resolve(error ? {} : (JSON.parse(out) as Partial<StaticFacts>));
      } catch {
        resolve({}); // what we found ourselves stands
      }
    });
  });
}
