import { existsSync, readdirSync } from 'node:fs';
import { readText } from '../proc-file.js';
import type { CardPower } from './rest.js';

/** NVIDIA's display controllers on the PCI bus, by their sysfs folders. */
export function findCards(root = '/sys/bus/pci/devices'): string[] {
  if (!existsSync(root)) return [];
  return readdirSync(root)
    .map((device) => `${root}/${device}`)
    .filter((folder) => readText(`${folder}/vendor`)?.trim() === '0x10de' && readText(`${folder}/class`)?.startsWith('0x03'));
}

export function readPower(folder: string): CardPower {
  return {
    sleeps: readText(`${folder}/power/control`)?.trim() === 'auto',
    asleep: readText(`${folder}/power/runtime_status`)?.trim() === 'suspended',
  };
}
