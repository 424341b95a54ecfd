import { cpus, release, type as osType } from 'node:os';
import type { StaticFacts } from '../inventory.js';
import { readText } from './proc-file.js';

/** Operating system and processor, read once. */
export function readStatic(): StaticFacts {
  const processors = cpus();
  return {
    os: parseOsRelease(readText('/etc/os-release') ?? '') || osType(),
    kernel: release(),
    cpu_model: processors[0]?.model.trim() ?? '',
    cpu_cores: processors.length,
  };
}

/** The text of /etc/os-release → its name for people, such as `Debian GNU/Linux 12 (bookworm)`. */
export function parseOsRelease(text: string): string {
  const line = /^PRETTY_NAME=(.*)$/m.exec(text)?.[1] ?? '';
  return line.replace(/^(["'])(.*)\1$/, '$2').replace(/\\(.)/g, '$1');
}
