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

/** Bus ids of the cards of which the tool should speak: those that the driver has. A container is given some of them, or their device files alone. */
export function expectedCards(folders: readonly string[], driver = '/proc/driver/nvidia/gpus', dev = '/dev'): string[] {
  const ids = folders.filter((folder) => driverOf(folder) === 'nvidia').map((folder) => toBusId(basename(folder)));
  return existsSync(driver) ? ids.filter((id) => isOurs(`${driver}/${id}`, dev)) : ids;
}

function isOurs(folder: string, dev: string): boolean {
  const minor = /^Device Minor:\s*(\d+)/m.exec(readText(`${folder}/information`) ?? '')?.[1];
  return existsSync(folder) && (minor === undefined || existsSync(`${dev}/nvidia${minor}`));
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
