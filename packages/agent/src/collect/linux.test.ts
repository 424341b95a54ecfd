import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock, systemClock } from '@vacancy/shared/plain';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CpuCollector, busyBetween, parseStat } from './cpu.js';
import { FilesystemCollector, parseMounts, sumSpace } from './filesystems.js';
import { parseHost } from './host.js';
import { parseMeminfo } from './memory.js';
import { NetworkCollector, countedInterfaces, parseNetDev, sumCounters } from './network.js';
import { ProcessOwners, toCommand } from './process-owner.js';
import { ProcessCollector, pageSize, parseStatm } from './processes.js';
import { parseOsRelease } from './static.js';
import { TemperatureCollector, toTemperature } from './temperatures.js';
import { UserNames, parsePasswd } from './user-names.js';
import { UserCollector, parseSession, parseUtmp } from './users.js';

const KIB = 1024;
let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'vacancy-collect-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('processor time', () => {
  const text = (user: number, idle: number): string =>
    `cpu  ${user} 0 0 ${idle} 0 0 0 0 0 0\ncpu0 ${user / 2} 0 0 ${idle / 2} 0 0 0 0 0 0\ncpu1 ${user / 2} 0 0 ${idle / 2} 0 0 0 0 0 0\nintr 123 4 5\nctxt 9\n`;

  it('is read for the machine and each core, and nothing else', () => expect(parseStat(text(100, 300))).toHaveLength(3));

  it('is busy by what was not idle between two readings', () => {
    expect(busyBetween(parseStat(text(100, 300))[0], parseStat(text(150, 450))[0]!)).toBe(25);
  });

  it('counts stolen time and interrupts as busy, waiting for a disk as idle', () => {
    const [before] = parseStat('cpu  0 0 0 0 0 0 0 0 0 0\n');
    const [after] = parseStat('cpu  10 0 10 20 20 10 10 20 99 99\n');
    expect(busyBetween(before, after!)).toBe(60);
  });

  it('is not known when no time has passed or a core has just appeared', () => {
    const [times] = parseStat(text(100, 300));
    expect(busyBetween(times, times!)).toBeNull();
    expect(busyBetween(undefined, times!)).toBeNull();
  });

  it('is known of no single core just after one was switched on or off', async () => {
    const file = join(folder, 'stat');
    const lines = (...cores: [busy: number, idle: number][]): string => cores.map(([busy, idle], i) => `cpu${i === 0 ? ' ' : i - 1} ${busy} 0 0 ${idle} 0 0 0 0 0 0\n`).join('');
    writeFileSync(file, lines([10, 10], [5, 5], [5, 5]));
    using collector = new CpuCollector(file);
    writeFileSync(file, lines([20, 20], [15, 15]));
    expect(await collector.collect()).toEqual({ cpu: 50, cpu_cores_used: [] });
    writeFileSync(file, lines([25, 35], [20, 30]));
    expect(await collector.collect()).toEqual({ cpu: 25, cpu_cores_used: [25] });
  });

  it('stays within 0 and 100 where the kernel’s idle time runs backwards', () => {
    expect(busyBetween({ total: 100, idle: 50 }, { total: 110, idle: 45 })).toBe(100);
    expect(busyBetween({ total: 100, idle: 50 }, { total: 110, idle: 65 })).toBe(0);
  });
});

describe('memory', () => {
  const meminfo = 'MemTotal:       1000 kB\nMemFree:         200 kB\nMemAvailable:    600 kB\nBuffers:          50 kB\nCached:          300 kB\nSwapCached:        7 kB\nSwapTotal:       400 kB\nSwapFree:        100 kB\nSReclaimable:     40 kB\n';

  it('is used where neither free nor cache, as ServerStatus counts', () => {
    expect(parseMeminfo(meminfo)).toEqual({ memory_total: 1000 * KIB, memory_used: 410 * KIB, swap_total: 400 * KIB, swap_used: 300 * KIB });
  });

  it('is not made up from a file without a total', () => expect(() => parseMeminfo('MemFree: 5 kB\n')).toThrow('MemTotal'));
});

describe('uptime and load', () => {
  it('are read as the kernel writes them', () => {
    expect(parseHost('7793761.55 123.4\n', '2.10 1.00 0.50 1/234 5678\n')).toEqual({ uptime_s: 7793761.55, load1: 2.1, load5: 1, load15: 0.5 });
  });

  it('are refused when unreadable', () => expect(() => parseHost('', '')).toThrow());
});

describe('network counters', () => {
  const dev = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:     100       1    0    0    0     0          0         0      100       1    0    0    0     0       0          0
  eno1:1472131498480 1    0    0    0     0          0         0 6131962388933     1    0    0    0     0       0          0
  eno2:      10       1    0    0    0     0          0         0       20       1    0    0    0     0       0          0
 bond0:1472131498490 1    0    0    0     0          0         0 6131962388953     1    0    0    0     0       0          0
bond0.7:       5       1    0    0    0     0          0         0        5       1    0    0    0     0       0          0
veth12:       9       1    0    0    0     0          0         0        9       1    0    0    0     0       0          0
`;

  it('are read even where a large counter touches the name', () => {
    expect(parseNetDev(dev)[1]).toEqual({ name: 'eno1', network_in: 1472131498480, network_out: 6131962388933 });
  });

  it('count a packet once: bond, its VLAN and containers pass the hardware below them', () => {
    const kinds = ['lo', 'eno1', 'eno2', 'bond0', 'bond0.7', 'veth12'].map((name) => ({ name, device: name.startsWith('eno'), port: name.startsWith('eno') }));
    const network = sumCounters(parseNetDev(dev), countedInterfaces(kinds));
    expect(network.network_in).toBe(1472131498490);
    expect(network.interfaces.map((one) => one.name)).toEqual(['eno1', 'eno2']);
  });

  it('go by name in a container, where no interface has hardware', () => {
    const kinds = ['lo', 'eth0', 'docker0', 'br-7', 'eth0.5', 'tun0'].map((name) => ({ name, device: false, port: false }));
    expect([...countedInterfaces(kinds)]).toEqual(['eth0']);
  });

  it('are found from sysfs', async () => {
    const sysfs = join(folder, 'net');
    for (const name of ['lo', 'eno1', 'bond0']) mkdirSync(join(sysfs, name), { recursive: true });
    symlinkSync(folder, join(sysfs, 'eno1', 'device'));
    writeFileSync(join(folder, 'dev'), dev);
    using collector = new NetworkCollector(new ManualClock(1e9), join(folder, 'dev'), sysfs);
    expect((await collector.collect()).network_in).toBe(1472131498480);
  });
});

describe('filesystems', () => {
  const mounts = `/dev/nvme0n1p2 / ext4 rw 0 0
/dev/nvme0n1p2 /var/lib/docker ext4 rw 0 0
tmpfs /run tmpfs rw 0 0
overlay /var/lib/docker/overlay2/x/merged overlay rw 0 0
nas:/home /home nfs4 rw 0 0
/dev/sda1 /mnt/with\\040space xfs rw 0 0
sshfs#x /mnt/far fuse.sshfs rw 0 0
tank/a /tank/a zfs rw 0 0
tank/b /tank/b zfs rw 0 0
`;

  it('are local ones, each device once, with their real mount points', () => {
    expect(parseMounts(mounts).map((one) => one.mount)).toEqual(['/', '/mnt/with space', '/tank/a', '/tank/b']);
  });

  it('sum to what the devices hold', () => {
    const sum = sumSpace([
      { source: '/dev/a', mount: '/', type: 'ext4', total: 100, free: 40 },
      { source: '/dev/b', mount: '/b', type: 'xfs', total: 50, free: 50 },
    ]);
    expect(sum).toMatchObject({ hdd_total: 150, hdd_used: 60 });
  });

  it('count the free space of a ZFS pool once', () => {
    const sum = sumSpace([
      { source: 'tank/a', mount: '/a', type: 'zfs', total: 130, free: 100 },
      { source: 'tank/b', mount: '/b', type: 'zfs', total: 170, free: 100 },
    ]);
    expect(sum).toMatchObject({ hdd_total: 200, hdd_used: 100 });
  });
});

describe('a disk that hangs', () => {
  it('is left out and named while the others are counted, is asked no second time meanwhile, and is back when it answers', async () => {
    const clock = new ManualClock(1e9);
    let asked = 0;
    let answer: (space: { total: number; free: number }) => void = () => {};
    const real = new FilesystemCollector();
    const { filesystems } = await real.collect();
    const dead = filesystems[0]!.mount;
    const collector = new FilesystemCollector(clock, (mount) => {
      if (mount !== dead) return Promise.resolve({ total: 100, free: 40 });
      asked++;
      return new Promise((resolve) => (answer = resolve));
    });
    const read = async (): Promise<unknown> => {
      const reading = collector.collect().catch((error: Error) => error.message);
      for (let i = 0; i < 20; i++) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        clock.advance(500);
      }
      return reading;
    };
    const first = await read();
    if (filesystems.length > 1) expect(first).toMatchObject({ hdd_total: 100 * (filesystems.length - 1) });
    expect(collector.problem).toBe(`no answer from ${dead}, left out of the disk figures`);
    await read();
    expect(asked).toBe(1);
    answer({ total: 7, free: 1 });
    await new Promise((resolve) => setImmediate(resolve));
    expect(collector.problem).toBeNull();
  });
});

describe('logins', () => {
  const record = (type: number, pid: number, user: string): Buffer => {
    const bytes = Buffer.alloc(384);
    bytes.writeInt16LE(type, 0);
    bytes.writeInt32LE(pid, 4);
    bytes.write('pts/0', 8);
    bytes.write(user, 44);
    return bytes;
  };
  const session = 'UID=1000\nUSER=alice\nACTIVE=1\nSTATE=active\nTYPE=tty\nCLASS=user\n';

  it('are the user records of utmp', () => {
    const utmp = Buffer.concat([record(2, 0, 'reboot'), record(7, 42, 'alice'), record(8, 43, 'gone'), record(7, 44, 'x'.repeat(32)), Buffer.alloc(100)]);
    expect(parseUtmp(utmp)).toEqual([{ user: 'alice', pid: 42 }, { user: 'x'.repeat(32), pid: 44 }]);
  });

  it('are the people among systemd’s sessions', () => {
    expect(parseSession(session)).toBe('alice');
    expect(parseSession(session.replace('CLASS=user', 'CLASS=background'))).toBeNull();
    expect(parseSession(session.replace('CLASS=user', 'CLASS=greeter'))).toBeNull();
    expect(parseSession(session.replace('STATE=active', 'STATE=closing'))).toBeNull();
    expect(parseSession('')).toBeNull();
  });

  it('name everyone once, and no one whose process is gone', async () => {
    const paths = { sessions: join(folder, 'sessions'), utmp: join(folder, 'utmp'), proc: join(folder, 'proc') };
    mkdirSync(paths.sessions);
    mkdirSync(join(paths.proc, '42'), { recursive: true });
    writeFileSync(join(paths.sessions, '3'), session);
    writeFileSync(paths.utmp, Buffer.concat([record(7, 42, 'alice'), record(7, 42, 'bob'), record(7, 43, 'ghost')]));
    expect(await new UserCollector(paths).collect()).toEqual(['alice', 'bob']);
  });

  it('are not known, rather than nobody, where nothing keeps them', async () => {
    const paths = { sessions: join(folder, 'none'), utmp: join(folder, 'none'), proc: '/proc' };
    await expect(new UserCollector(paths).collect()).rejects.toThrow('neither');
  });
});

describe('names of users', () => {
  it('are read from passwd, the first of a uid', () => {
    expect([...parsePasswd('root:x:0:0::/root:/bin/sh\ntoor:x:0:0::/:/bin/sh\n# no\nalice:x:1000:1000:A:/home/a:/bin/sh\n')]).toEqual([[0, 'root'], [1000, 'alice']]);
  });

  it('are asked of the directory once for each unknown uid, and are the number until it answers', async () => {
    const passwd = join(folder, 'passwd');
    writeFileSync(passwd, 'alice:x:1000:1000::/:/bin/sh\n');
    const asked: number[] = [];
    const names = new UserNames(new ManualClock(1e9), passwd, async (uid) => (asked.push(uid), uid === 7000 ? 'ldap-bob' : null));
    expect([names.nameOf(1000), names.nameOf(7000), names.nameOf(9)]).toEqual(['alice', '7000', '9']);
    await Promise.resolve();
    expect([names.nameOf(7000), names.nameOf(9)]).toEqual(['ldap-bob', '9']);
    expect(asked).toEqual([7000, 9]);
  });
});

describe('a process whose command line hangs in the kernel', () => {
  it('goes by its short name and is reported; the others are read, and so is the next reading', async () => {
    const proc = join(folder, 'proc');
    const make = (pid: number, name: string): void => {
      mkdirSync(join(proc, String(pid)), { recursive: true });
      writeFileSync(join(proc, String(pid), 'comm'), `${name}\n`);
      writeFileSync(join(proc, String(pid), 'statm'), `1000 ${pid} 0 0 0 0 0\n`);
    };
    make(42, 'python');
    make(43, 'node');
    execFileSync('mkfifo', [join(proc, '42', 'cmdline')]); // opening it waits until somebody writes
    writeFileSync(join(proc, '43', 'cmdline'), 'node\0main.js\0');
    const clock = systemClock;
    const collector = new ProcessCollector(new ProcessOwners(new UserNames(clock), 'full', clock, proc), proc);
    for (let reading = 0; reading < 2; reading++) {
      const found = await collector.collect(new AbortController().signal);
      expect(found.map(({ pid, command }) => [pid, command])).toEqual([[43, 'node main.js'], [42, 'python']]);
      expect(collector.problem).toContain('process 42 cannot be read');
    }
    writeFileSync(join(proc, '42', 'cmdline'), 'python\0train.py\0');
    await expect.poll(() => collector.problem).toBeNull();
  });
});

describe('a command line', () => {
  it('is words with spaces, cut at the contract’s length', () => {
    expect(toCommand('python\0train.py\0--lr\0' + '1'.repeat(400) + '\0', 'full')).toMatch(/^python train\.py --lr 1{235}$/);
  });

  it('loses what is not printable', () => expect(toCommand('a\x1b[31m\nb\0c\x7f\0', 'full')).toBe('a [31m b c'));

  it('is the program alone where that is asked for', () => expect(toCommand('/opt/bin/python\0--password\0secret\0', 'name')).toBe('python'));
});

describe('sensors and sizes', () => {
  it('are degrees from millidegrees; a sensor that is off has none', () => {
    expect(toTemperature('coretemp\n', 'Package id 0\n', '61500\n')).toEqual({ sensor: 'coretemp Package id 0', temperature: 61.5 });
    expect(toTemperature('nvme', 'Composite', '')).toBeNull();
  });

  it('are read from every hwmon chip', async () => {
    const chip = join(folder, 'hwmon0');
    mkdirSync(chip);
    writeFileSync(join(chip, 'name'), 'k10temp\n');
    writeFileSync(join(chip, 'temp1_input'), '45000\n');
    writeFileSync(join(chip, 'temp1_label'), 'Tctl\n');
    writeFileSync(join(chip, 'temp2_input'), '-5000\n');
    expect(await new TemperatureCollector(folder).collect(new AbortController().signal)).toEqual([
      { sensor: 'k10temp Tctl', temperature: 45 }, { sensor: 'k10temp temp2', temperature: -5 },
    ]);
  });

  it('are not asked where that would wake a sleeper, or keep a card awake', async () => {
    const chip = (number: number, name: string, control: string, status: string): void => {
      mkdirSync(join(folder, `hwmon${number}`, 'device/power'), { recursive: true });
      for (const [file, text] of Object.entries({ name, temp1_input: `${number}000`, 'device/power/control': control, 'device/power/runtime_status': status })) {
        writeFileSync(join(folder, `hwmon${number}`, file), `${text}\n`);
      }
    };
    chip(40, 'amdgpu', 'auto', 'active');
    chip(41, 'amdgpu', 'on', 'active');
    chip(42, 'drivetemp', 'auto', 'suspended');
    chip(43, 'iwlwifi_1', 'auto', 'active');
    const found = await new TemperatureCollector(folder).collect(new AbortController().signal);
    expect(found.map(({ sensor }) => sensor)).toEqual(['amdgpu temp1', 'iwlwifi_1 temp1']);
  });

  it('count resident pages of the kernel’s own size', () => {
    expect(parseStatm('1000 250 10 1 0 40 0\n')).toBe(250);
    expect(pageSize('1000 250', 'VmSize:\t    4000 kB\n')).toBe(4096);
    expect(pageSize('1000 250', 'VmSize:\t   64000 kB\n')).toBe(65536);
    expect(pageSize('', '')).toBe(4096);
  });

  it('read the name of the system without its quotes', () => {
    expect(parseOsRelease('ID=debian\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n')).toBe('Debian GNU/Linux 12 (bookworm)');
    expect(parseOsRelease('')).toBe('');
  });
});
