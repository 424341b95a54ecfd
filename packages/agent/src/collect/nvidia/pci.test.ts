import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectedCards, findCards, toBusId } from './pci.js';

let root: string;
beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'vacancy-pci-'))));
afterEach(() => rmSync(root, { recursive: true, force: true }));

function device(id: string, { vendor = '0x10de', kind = '0x030200', driver = 'nvidia', slice = false } = {}): void {
  const folder = join(root, 'devices', id);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'vendor'), `${vendor}\n`);
  writeFileSync(join(folder, 'class'), `${kind}\n`);
  if (driver) symlinkSync(`../../../bus/pci/drivers/${driver}`, join(folder, 'driver'));
  if (slice) symlinkSync('../0000:17:00.0', join(folder, 'physfn'));
}
const cards = () => findCards(join(root, 'devices')).map((folder) => folder.slice(-12));

describe('NVIDIA cards on the PCI bus', () => {
  it('are display controllers of that vendor, whole ones, that no virtual machine has', () => {
    device('0000:17:00.0');
    device('0000:17:00.1', { kind: '0x040300' }); // its sound
    device('0000:17:00.4', { slice: true });
    device('0000:31:00.0', { kind: '0x030000', driver: '' });
    device('0000:4b:00.0', { driver: 'vfio-pci' });
    device('0000:65:00.0', { vendor: '0x1002' });
    expect(cards()).toEqual(['0000:17:00.0', '0000:31:00.0']);
  });

  it('are expected to answer where the driver has them, and in a container only those that it was given', () => {
    for (const id of ['0000:17:00.0', '0000:3b:00.0']) device(id);
    device('0000:31:00.0', { driver: 'nouveau' });
    const folders = findCards(join(root, 'devices'));
    expect(expectedCards(folders, join(root, 'none'))).toEqual(['0000:17:00.0', '0000:3b:00.0']);
    mkdirSync(join(root, 'gpus', '0000:3b:00.0'), { recursive: true });
    expect(expectedCards(folders, join(root, 'gpus'))).toEqual(['0000:3b:00.0']);
    mkdirSync(join(root, 'gpus', '0000:17:00.0'));
    writeFileSync(join(root, 'gpus', '0000:17:00.0', 'information'), 'Model: \t\t NVIDIA H200\nBus Location: \t 0000:17:00.0\nDevice Minor: \t 3\n');
    mkdirSync(join(root, 'dev'));
    expect(expectedCards(folders, join(root, 'gpus'), join(root, 'dev'))).toEqual(['0000:3b:00.0']);
    writeFileSync(join(root, 'dev', 'nvidia3'), '');
    expect(expectedCards(folders, join(root, 'gpus'), join(root, 'dev'))).toEqual(['0000:17:00.0', '0000:3b:00.0']);
  });

  it('have one name, as the tool and as the kernel write it', () => {
    expect(['00000000:3B:00.0', '0000:3b:00.0', '00010000:3B:00.0'].map(toBusId)).toEqual(['0000:3b:00.0', '0000:3b:00.0', '00010000:3b:00.0']);
  });
});
