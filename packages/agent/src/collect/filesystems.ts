import { readFile, statfs } from 'node:fs/promises';
import { SECOND, systemClock, type Clock } from '@vacancy/shared/plain';
import type { Collector } from './collector.js';
import { Patience } from './patience.js';

export interface Filesystem {
  readonly mount: string;
  readonly hdd_total: number;
  readonly hdd_used: number;
}

export interface Filesystems {
  readonly hdd_total: number;
  readonly hdd_used: number;
  readonly filesystems: readonly Filesystem[];
}

export interface Mount {
  readonly source: string;
  readonly mount: string;
  readonly type: string;
}

/** Filesystems on this machine's own disks. Network ones are left out: they are another machine's, and a dead one hangs its reader. */
const LOCAL = new Set([
  'ext2', 'ext3', 'ext4', 'xfs', 'btrfs', 'zfs', 'jfs', 'reiserfs', 'f2fs', 'bcachefs', 'nilfs2',
  'ntfs', 'ntfs3', 'fuseblk', 'vfat', 'exfat', 'apfs', 'hfs', 'ufs',
]);

/** The text of /proc/self/mounts → local mounts, each source once (bind mounts and btrfs subvolumes share one). */
export function parseMounts(text: string): Mount[] {
  const bySource = new Map<string, Mount>();
  for (const line of text.split('\n')) {
    const [source, mount, type] = line.split(' ').map(unescape);
    if (source && mount && type && LOCAL.has(type) && !bySource.has(source)) bySource.set(source, { source, mount, type });
  }
  return [...bySource.values()];
}

/** The kernel writes space, tab, newline and backslash as octal. */
const unescape = (text: string): string => text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

export interface Space {
  readonly total: number;
  readonly free: number;
}

/**
 * Sums what each mount says. Used is size minus free blocks, as `df` counts it. The datasets of one ZFS pool share its
 * free space, so a pool counts that once: each dataset's size is what it uses plus what the pool has left.
 */
export function sumSpace(spaces: readonly (Mount & Space)[]): Filesystems {
  const poolsSeen = new Set<string>();
  let hdd_total = 0;
  let hdd_used = 0;
  for (const space of spaces) {
    const used = space.total - space.free;
    hdd_used += used;
    hdd_total += countedTotal(space, used, poolsSeen);
  }
  const filesystems = spaces.slice(0, 64).map(({ mount, total, free }) => ({ mount: mount.slice(0, 256), hdd_total: total, hdd_used: total - free }));
  return { hdd_total, hdd_used, filesystems };
}

function countedTotal(space: Mount & Space, used: number, poolsSeen: Set<string>): number {
  if (space.type !== 'zfs') return space.total;
  const pool = space.source.split('/')[0]!;
  if (poolsSeen.has(pool)) return used;
  poolsSeen.add(pool);
  return space.total;
}

type SpaceOf = (mount: string) => Promise<Space | null>;

/**
 * A filesystem changes slowly and `statfs` may touch a disk, so it is asked every ten seconds and off the main thread. One that does
 * not answer is left out and named, so that a dead disk does not take the whole server off the page.
 */
export class FilesystemCollector implements Collector<Filesystems> {
  readonly name = 'filesystems';
  readonly cadence_ms = 10_000;
  readonly #patience: Patience;
  readonly #spaceOf: SpaceOf;

  constructor(clock: Clock = systemClock, ask: SpaceOf = spaceOf) {
    this.#patience = new Patience(2 * SECOND, 3, clock);
    this.#spaceOf = ask;
  }

  get problem(): string | null {
    const { stuck } = this.#patience;
    return stuck.length ? `no answer from ${stuck.join(' and ')}, left out of the disk figures` : null;
  }

  async collect(): Promise<Filesystems> {
    const mounts = parseMounts(await readFile('/proc/self/mounts', 'utf8'));
    // A container's root is an overlay on a disk that is mounted nowhere in it.
    const all = mounts.length ? mounts : [{ source: '/', mount: '/', type: 'overlay' }];
    const spaces: (Mount & Space)[] = [];
    for (const mount of all) {
      const space = await this.#patience.ask(mount.mount, () => this.#spaceOf(mount.mount));
      if (space) spaces.push({ ...mount, ...space });
    }
    if (!spaces.length) throw new Error('no local filesystem can be read');
    return sumSpace(spaces);
  }
}

async function spaceOf(mount: string): Promise<Space | null> {
  try {
    const { bsize, blocks, bfree } = await statfs(mount);
    return blocks > 0 ? { total: blocks * bsize, free: bfree * bsize } : null;
  } catch {
    return null; // unmounted since the list was read, or hidden from this user: it has no figure
  }
}
