import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { HOUR, ManualClock } from '@vacancy/shared/plain';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../log.js';
import { DiskSegment } from './segment.js';
import { Spool, type LaneName, type Reading, type SpoolOptions } from './spool.js';

let dir: string;
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'vacancy-spool-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const clock = new ManualClock(1_762_000_000_000);
const reading = (ts: number, padding = 0): Reading => ({
  v: 1, server: 'gpu01', ts, interval_ms: 1_000, uptime_s: 1, cpu: 1, memory_total: 1, memory_used: 1, hdd_total: 1, hdd_used: 1,
  network_in: 1, network_out: 1, gpus: [], ...(padding && { users: ['x'.repeat(padding)] }),
});
const open = (options: Partial<SpoolOptions> = {}, at = clock): Spool =>
  new Spool({ dir, spool_bytes: 64 * 1024 * 1024, spool_age_ms: 48 * HOUR, ...options }, silentLog, at);

/** Everything that a lane gives, in order, acknowledged on the way. */
function drain(spool: Spool, lane: LaneName, most = Infinity): string[] {
  const names: string[] = [];
  for (let entry = spool.peek(lane); entry && names.length < most; entry = spool.peek(lane)) {
    names.push(`${entry.boot_id}:${entry.seq}`);
    spool.ack(lane, entry);
  }
  return names;
}
/** Leaves as kill -9 would: nothing is written any more, the lock stays. */
function crash(spool: Spool): void {
  void spool;
  rmSync(join(dir, 'lock'), { force: true });
}
const segments = (): string[] => readdirSync(dir).filter((file) => file.endsWith('.jsonl'));

describe('the spool', () => {
  it('names samples of a run from 0 and gives them in order until each is acknowledged', () => {
    using spool = open();
    for (let i = 0; i < 5; i++) spool.append(reading(i));
    expect(spool.peek('live')?.seq).toBe(0);
    expect(spool.peek('live')?.seq).toBe(0);
    expect(drain(spool, 'live')).toEqual([0, 1, 2, 3, 4].map((seq) => `${spool.boot_id}:${seq}`));
    expect(spool.stats()).toEqual({ spool_messages: 0, spool_bytes: 0, spool_dropped: 0 });
  });

  it('gives the message exactly as it is to be sent', () => {
    using spool = open();
    spool.append(reading(7));
    expect(JSON.parse(Buffer.from(spool.peek('live')!.data).toString())).toEqual({ ...reading(7), boot_id: spool.boot_id, seq: 0 });
  });

  it('begins a new run at every start and sends what the last one left under its old names', () => {
    const first = open();
    for (let i = 0; i < 3; i++) first.append(reading(i));
    drain(first, 'live', 1);
    const old = first.boot_id;
    first[Symbol.dispose]();

    using second = open();
    second.append(reading(9));
    expect(second.boot_id).not.toBe(old);
    expect(drain(second, 'backlog')).toEqual([`${old}:1`, `${old}:2`]);
    expect(drain(second, 'live')).toEqual([`${second.boot_id}:0`]);
  });

  it('keeps every sample through kill -9, whatever was acknowledged since the cursor was written', () => {
    const first = open();
    for (let i = 0; i < 10; i++) first.append(reading(i));
    drain(first, 'live', 4);
    crash(first);
    using second = open();
    const again = drain(second, 'backlog').map((name) => Number(name.split(':')[1]));
    expect(again.slice(-6)).toEqual([4, 5, 6, 7, 8, 9]); // the first four may be sent twice: their ids are known to the broker
  });

  it('cuts off a line that a crash left half written', () => {
    const first = open();
    first.append(reading(0));
    first.append(reading(1));
    const path = join(dir, segments()[0]!);
    crash(first);
    truncateSync(path, readFileSync(path).length - 20);
    using second = open();
    expect(drain(second, 'backlog')).toEqual([`${first.boot_id}:0`]);
  });

  it('gives up a segment that is nonsense, counts it, and goes on with the next', () => {
    open()[Symbol.dispose]();
    writeFileSync(join(dir, '0000000005-damaged.jsonl'), 'not json\nnot json either\n');
    writeFileSync(join(dir, '0000000006-good.jsonl'), `${JSON.stringify({ ...reading(1), boot_id: 'good', seq: 3 })}\n`);
    using spool = open();
    expect(drain(spool, 'backlog')).toEqual(['good:3']);
    expect(spool.stats().spool_dropped).toBe(2);
  });

  it('survives a damaged cursor by sending again', () => {
    const first = open();
    for (let i = 0; i < 3; i++) first.append(reading(i));
    drain(first, 'live', 2);
    first[Symbol.dispose]();
    writeFileSync(join(dir, 'cursor.json'), '{"1":');
    using second = open();
    expect(drain(second, 'backlog')).toHaveLength(3);
  });

  it('leaves files that are not its own alone', () => {
    writeFileSync(join(dir, 'notes.txt'), 'mine');
    open()[Symbol.dispose]();
    expect(readFileSync(join(dir, 'notes.txt'), 'utf8')).toBe('mine');
  });

  it('drops the oldest when it is over its bytes, counts them, and stays near the bound', () => {
    using spool = open({ spool_bytes: 1024 * 1024 });
    for (let i = 0; i < 4_000; i++) spool.append(reading(i, 800));
    const { spool_messages, spool_bytes, spool_dropped } = spool.stats();
    expect(spool_bytes).toBeLessThanOrEqual(1024 * 1024);
    expect(spool_bytes).toBeGreaterThan(600 * 1024);
    expect(spool_messages + spool_dropped).toBe(4_000);
    expect(spool.peek('live')?.seq).toBe(spool_dropped);
  });

  it('drops what is over its age', () => {
    const at = new ManualClock(1_762_000_000_000);
    using spool = open({ spool_age_ms: HOUR }, at);
    for (let i = 0; i < 400; i++) spool.append(reading(i, 1_000));
    at.advance(2 * HOUR);
    spool.append(reading(400));
    expect(spool.stats().spool_dropped).toBeGreaterThan(200);
    expect(spool.stats().spool_messages + spool.stats().spool_dropped).toBe(401);
  });

  it('ignores the acknowledgement of a sample that it dropped meanwhile', () => {
    using spool = open({ spool_bytes: 1024 * 1024 });
    spool.append(reading(0));
    const first = spool.peek('live')!;
    for (let i = 1; i < 4_000; i++) spool.append(reading(i, 800));
    const before = spool.stats().spool_messages;
    spool.ack('live', first);
    expect(spool.stats().spool_messages).toBe(before);
  });

  it('keeps an outage’s samples apart as backlog when a new run is started', () => {
    using spool = open();
    for (let i = 0; i < 3; i++) spool.append(reading(i));
    const old = spool.boot_id;
    spool.startRun();
    spool.append(reading(3));
    expect(spool.peek('live')).toMatchObject({ boot_id: spool.boot_id, seq: 0 });
    expect(drain(spool, 'backlog')).toEqual([0, 1, 2].map((seq) => `${old}:${seq}`));
  });

  it('removes what the broker has from the disk', () => {
    using spool = open();
    for (let i = 0; i < 1_000; i++) spool.append(reading(i, 1_000));
    expect(segments().length).toBeGreaterThan(3);
    drain(spool, 'live');
    expect(segments()).toHaveLength(1);
  });

  it('holds few files open however long the backlog is', () => {
    const first = open();
    for (let i = 0; i < 3_000; i++) first.append(reading(i, 1_000));
    first[Symbol.dispose]();
    const before = readdirSync('/proc/self/fd').length;
    using second = open();
    drain(second, 'backlog', 700);
    for (let i = 0; i < 3_000; i++) second.append(reading(i, 1_000));
    expect(segments().length).toBeGreaterThan(20);
    expect(readdirSync('/proc/self/fd').length - before).toBeLessThan(5);
  });

  it('refuses a folder that another living agent uses, and takes over one whose agent is gone', () => {
    const { ppid } = process;
    const stat = readFileSync(`/proc/${ppid}/stat`, 'utf8');
    const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    writeFileSync(join(dir, 'lock'), `${ppid} ${started}`);
    expect(() => open()).toThrow('another agent');
    writeFileSync(join(dir, 'lock'), `${ppid} 1`); // the same number, another process
    open()[Symbol.dispose]();
    expect(existsSync(join(dir, 'lock'))).toBe(false);
  });

  it('gives each sample once and in order, whatever the order of appends, acknowledgements, runs and restarts', () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.constant('append' as const) },
      { weight: 4, arbitrary: fc.constantFrom('ack live' as const, 'ack backlog' as const) },
      { weight: 1, arbitrary: fc.constantFrom('run' as const, 'restart' as const) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let spool = open();
        const appended: string[] = [];
        const given: string[] = [];
        let seq = 0;
        for (const one of steps) {
          if (one === 'append') {
            appended.push(`${spool.boot_id}:${seq++}`);
            spool.append(reading(seq));
          } else if (one === 'run' || one === 'restart') {
            if (one === 'run') spool.startRun();
            else {
              spool[Symbol.dispose]();
              spool = open();
            }
            seq = 0;
          } else given.push(...drain(spool, one === 'ack live' ? 'live' : 'backlog', 1));
        }
        given.push(...drain(spool, 'backlog'), ...drain(spool, 'live'));
        spool[Symbol.dispose]();
        expect([...given].sort()).toEqual([...appended].sort());
        for (const boot of new Set(appended.map((name) => name.split(':')[0]!))) {
          const of = (names: string[]): string[] => names.filter((name) => name.startsWith(boot));
          expect(of(given)).toEqual(of(appended));
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('a spool whose disk takes nothing', () => {
  const full = '/dev/full'; // every write to it fails with ENOSPC

  it('keeps samples in memory, says so, and gives them in order', () => {
    using spool = open({ dir: join(full, 'spool') });
    for (let i = 0; i < 200; i++) spool.append(reading(i, 500));
    expect(spool.failure?.reason).toContain('samples are kept in memory');
    expect(drain(spool, 'live').map((name) => Number(name.split(':')[1]))).toEqual(Array.from({ length: 200 }, (_, seq) => seq));
  });

  it('has its growing file as it was when a write fails', () => {
    const path = join(dir, 'full.jsonl');
    symlinkSync(full, path);
    const segment = new DiskSegment(path, { id: 1, boot_id: 'b' }, 0);
    expect(() => segment.append(Buffer.from('{}\n'), 0)).toThrow('ENOSPC');
    expect([segment.messages, segment.bytes, segment.peek()]).toEqual([0, 0, null]);
    segment.close();
  });

  it('bounds that memory by dropping the oldest, and counts them', () => {
    using spool = open({ dir: join(full, 'spool') });
    for (let i = 0; i < 9_000; i++) spool.append(reading(i, 800));
    const { spool_messages, spool_bytes, spool_dropped } = spool.stats();
    expect(spool_bytes).toBeLessThanOrEqual(4 * 1024 * 1024);
    expect(spool_dropped).toBeGreaterThan(1_000);
    expect(spool_messages + spool_dropped).toBe(9_000);
  });
});
