import { statSync } from 'node:fs';
import type { AgentConfig } from '../config.js';
import { readText } from './proc-file.js';
import type { UserNames } from './user-names.js';

export interface ProcessOwner {
  readonly user?: string;
  readonly command?: string;
}

const MAX_COMMAND = 256;

/** Who runs a process and what it runs, from /proc; empty for a process of a namespace that this one cannot see. */
export function ownerOf(pid: number, names: UserNames, commands: AgentConfig['commands'], proc = '/proc'): ProcessOwner {
  const user = userOf(pid, names, proc);
  if (user === undefined) return {};
  const command = commands === 'off' ? '' : toCommand(readText(`${proc}/${pid}/cmdline`) || readText(`${proc}/${pid}/comm`) || '', commands);
  return { user, ...(command && { command }) };
}

/** The NUL-separated text of /proc/<pid>/cmdline → one printable line, cut where the contract cuts it. */
export function toCommand(cmdline: string, commands: AgentConfig['commands']): string {
  const words = cmdline.replace(/\0+$/, '').split('\0');
  const text = commands === 'name' ? words[0]!.split(' ')[0]!.split('/').pop()! : words.join(' ');
  // A process names itself as it likes; nothing unprintable leaves the machine
  return [...text.slice(0, 4 * MAX_COMMAND).replace(/[\x00-\x1f\x7f-\x9f]+/g, ' ').trim()].join('').slice(0, MAX_COMMAND);
}

function userOf(pid: number, names: UserNames, proc: string): string | undefined {
  try {
    return names.nameOf(statSync(`${proc}/${pid}`).uid);
  } catch {
    return undefined; // ended meanwhile, or not ours to see
  }
}
