import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { readText } from '../proc-file.js';

/** NVIDIA's display controllers on the PCI bus, by their sysfs folders; without the slices of a shared card and what was handed to a virtual machine. */
export function findCards(root = '/sys/bus/pci/devices'): string[] {
  if (!existsSync(root)) return [];
  return readdirSync(root)
    .map((device) => `${root}/${device}`)
    .filter((folder) => readText(`${folder}/vendor`)?.trim() === '0x10de' && readText(`${folder}/class`)?.startsWith('0x03'))
    .filter((folder) => !existsSync(`${folder}/physfn`) && driverOf(folder) !== 'vfio-pci');
}

/** Bus ids of the cards of which the tool should speak: the driver has them, and a container that sees only some is shown these. */
export function expectedCards(folders: readonly string[], driver = '/proc/driver/nvidia/gpus'): string[] {
  const shown = existsSync(driver) ? new Set(readdirSync(driver).map(toBusId)) : null;
  return folders.filter((folder) => driverOf(folder) === 'nvidia').map((folder) => toBusId(basename(folder))).filter((id) => shown?.has(id) ?? true);
}

/** The tool writes `00000000:3B:00.0`, the kernel `0000:3b:00.0`. */
export const toBusId = (text: string): string => text.toLowerCase().replace(/^0000(?=[0-9a-f]{4}:)/, '');

function driverOf(folder: string): string | null {
  try {
    return basename(readlinkSync(`${folder}/driver`));
  } catch {
    return null; // none has taken it
  }
}
