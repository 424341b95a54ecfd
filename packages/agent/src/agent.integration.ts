import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import {
  INVENTORY_STREAM, INVENTORY_SUBJECTS, SAMPLES_STREAM, SAMPLE_SUBJECTS, decodeInventory, decodeSample, inventorySubject, sampleSubject, systemClock,
  type Clock, type Inventory, type Sample,
} from '@vacancy/shared';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTestNats, waitFor, type TestNats } from '../../../test/harness/nats.js';
import { NvidiaSource } from './collect/nvidia/nvidia.js';
import { LongLived } from './collect/nvidia/long-lived.js';
import { portableCollectors } from './collect/portable.js';
import { ProcessOwners } from './collect/process-owner.js';
import { UserNames } from './collect/user-names.js';
import { createLog, envToConfig, silentLog, startAgent, type AgentConfig } from './index.js';

const FAKE = fileURLToPath(new URL('../../../bench/agent/nvidia-smi', import.meta.url));
let dir: string;
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'vacancy-agent-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** A stand-in for nvidia-smi that does what its shell text says. */
function tool(script: string): string {
  const path = join(dir, 'nvidia-smi');
  writeFileSync(path, `#!/bin/bash\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

describe('an agent on this machine', () => {
  let nats: TestNats;
  let manager: JetStreamManager;
  beforeEach(async () => {
    nats = await startTestNats();
    manager = await jetstreamManager(await nats.connect());
    await manager.streams.add({ name: SAMPLES_STREAM, subjects: [SAMPLE_SUBJECTS] });
    await manager.streams.add({ name: INVENTORY_STREAM, subjects: [INVENTORY_SUBJECTS], max_msgs_per_subject: 1 });
  });
  afterEach(() => nats[Symbol.asyncDispose]());

  const config = (env: Record<string, string> = {}): AgentConfig => {
    const settings = { VACANCY_NATS_URL: nats.url, VACANCY_SERVER_ID: 'gpu01', VACANCY_DATA_DIR: dir, VACANCY_INTERVAL_MS: '250', VACANCY_NVIDIA_SMI: FAKE, ...env };
    const made = envToConfig(settings);
    if (!made.ok) throw new Error(made.error.join('\n'));
    return made.value;
  };
  async function last<T>(stream: string, subject: string, decode: (subject: string, data: Uint8Array) => { ok: true; value: T } | { ok: false; error: { detail: string } }): Promise<T | null> {
    const message = await manager.streams.getMessage(stream, { last_by_subj: subject }).catch(() => null);
    if (!message) return null;
    const decoded = decode(subject, message.data);
    if (!decoded.ok) throw new Error(decoded.error.detail);
    return decoded.value;
  }
  const sample = (): Promise<Sample | null> => last(SAMPLES_STREAM, sampleSubject('gpu01'), decodeSample);
  const inventory = (): Promise<Inventory | null> => last(INVENTORY_STREAM, inventorySubject('gpu01'), decodeInventory);

  it('publishes samples and an inventory that keep the contract, cards and their processes included', async () => {
    await using _agent = startAgent(config({ VACANCY_NAME: '实验室一号', VACANCY_LOCATION: 'B-204' }), { log: silentLog, version: '0.1.0' });
    await waitFor(async () => (await sample())?.gpus.some((gpu) => gpu.processes?.length) ?? false, 20_000, 'a sample with processes');
    const one = (await sample())!;
    expect(one.gpus).toHaveLength(8);
    expect(one.gpus[0]!.processes![0]).toMatchObject({ pid: process.pid, command: expect.stringContaining('node') as string });
    expect(one.interval_ms).toBeGreaterThan(100);
    await waitFor(async () => (await inventory())?.cuda_version === '13.0', 20_000, 'the whole inventory');
    expect(await inventory()).toMatchObject({
      name: '实验室一号', location: 'B-204', gpu_num: 8, driver_version: '580.159.03', memory_limit: one.memory_total, agent_version: '0.1.0',
      gpus: expect.arrayContaining([{ gpu_id: 3, gpu_type: 'NVIDIA H200', gpu_memory_limit: 143_771 * 1024 * 1024, uuid: 'GPU-00000003-1111-2222-3333-444444444444' }]) as unknown,
    });
  });

  it('says that a broker’s clock differs, in the samples', async () => {
    const slow = { ...systemClock, now: () => Date.now() - 30_000 };
    await using _agent = startAgent(config(), { log: silentLog, version: '0.1.0', clock: slow });
    await waitFor(async () => (await sample())?.health?.clock_offset_ms !== undefined, 20_000, 'the offset');
    const { clock_offset_ms } = (await sample())!.health!;
    expect(Math.abs(clock_offset_ms! - 30_000)).toBeLessThan(1_000);
  });

  it('goes on without its cards and says why, when their tool fails', async () => {
    const broken = tool(`cat ${fileURLToPath(new URL('../test/fixtures/nvidia-smi/version-mismatch.txt', import.meta.url))}; exit 18`);
    await using _agent = startAgent(config({ VACANCY_NVIDIA_SMI: broken }), { log: silentLog, version: '0.1.0' });
    await waitFor(async () => (await sample()) !== null, 20_000, 'a sample');
    const one = (await sample())!;
    expect(one.gpus).toEqual([]);
    const reason = 'Failed to initialize NVML: Driver/library version mismatch; NVML library version: 550.54';
    expect(one.health?.failures).toContainEqual({ collector: 'nvidia', reason, count: expect.any(Number) as number });
  });

  it('leaves nothing running when it stops', async () => {
    const agent = startAgent(config(), { log: silentLog, version: '0.1.0' });
    await waitFor(async () => ((await sample())?.gpus.length ?? 0) > 0, 20_000, 'a sample with cards');
    await agent[Symbol.asyncDispose]();
    const before = (await manager.streams.info(SAMPLES_STREAM)).state.messages;
    await sleep(600);
    expect((await manager.streams.info(SAMPLES_STREAM)).state.messages).toBe(before);
  });

  it('says on leaving how many samples it keeps for a broker that is away', async () => {
    await nats.kill();
    const lines: string[] = [];
    const agent = startAgent(config(), { log: createLog('info', (line) => lines.push(line)), version: '0.1.0' });
    await waitFor(() => agent.spool.stats().spool_messages >= 2, 10_000, 'two samples');
    await agent[Symbol.asyncDispose]();
    const last = JSON.parse(lines.at(-1)!) as { msg: string; spool_messages: number };
    expect(last.msg).toBe('agent stopped');
    expect(last.spool_messages).toBeGreaterThanOrEqual(2);
  });
});

describe('NVIDIA cards', () => {
  interface Options {
    readonly script: string;
    /** Bus ids of the cards in sysfs. */
    readonly cards?: readonly string[];
    readonly processes?: boolean;
    readonly clock?: Clock;
  }
  const start = ({ script, cards = [], processes = true, clock = systemClock }: Options): NvidiaSource => {
    const options = { nvidia_smi: tool(script), interval_ms: 250, commands: 'full', processes } as const;
    return new NvidiaSource(options, new ProcessOwners(new UserNames(clock), 'full', clock), clock, cards.map(sysfs));
  };
  const source = (script: string): NvidiaSource => start({ script });
  /** A card's folder, with the driver that has it. */
  const sysfs = (bus_id: string): string => {
    const folder = join(dir, 'devices', bus_id);
    mkdirSync(folder, { recursive: true });
    symlinkSync('/sys/bus/pci/drivers/nvidia', join(folder, 'driver'));
    return folder;
  };
  /** A clock that can be set forward. */
  const leaping = () => ({ ...systemClock, ahead: 0, now(): number { return Date.now() + this.ahead; } });
  const card = (id: number, uuid: string): string => `${id}, ${uuid}, 00000000:0${id}:00.0, 1000, 10, 5, 40, 30.5, 550.54, TITAN Xp`;

  const missing = (folders: readonly string[]): NvidiaSource =>
    new NvidiaSource({ nvidia_smi: join(dir, 'none'), interval_ms: 250, commands: 'full', processes: true }, new ProcessOwners(new UserNames(systemClock), 'full', systemClock), systemClock, folders);

  it('are read from lines that the pipe cuts in half', async () => {
    await using nvidia = source(`[[ $1 == *gpu=* ]] || exec sleep 100\nprintf '0, GPU-a, 00000000:01:00.0, 10'; sleep 0.3; printf '00, 10, 5, 40, 30.5, 550.54, TITAN Xp\\n'; exec sleep 100`);
    await sleep(150);
    expect(nvidia.gpus).toEqual([]);
    await waitFor(() => nvidia.gpus.length > 0, 5_000, 'the card');
    expect(nvidia.gpus[0]!.memory_total).toBe(1000 * 1024 * 1024);
  });

  it('that disappear are left out while the others go on', async () => {
    await using nvidia = source(`[[ $1 == *gpu=* ]] || exec sleep 100\nfor i in {1..6}; do echo '${card(0, 'GPU-a')}'; echo '${card(1, 'GPU-b')}'; sleep 0.1; done\nwhile :; do echo '${card(0, 'GPU-a')}'; echo '1, GPU-b, 00000000:01:00.0, [GPU is lost], [GPU is lost], [GPU is lost], [GPU is lost], [GPU is lost], 550.54, TITAN Xp'; sleep 0.1; done`);
    await waitFor(() => nvidia.gpus.length === 2, 5_000, 'both cards');
    await waitFor(() => nvidia.gpus.length === 1, 5_000, 'the loss');
    expect(nvidia.gpus[0]!.id).toBe(0);
    expect(nvidia.failures[0]).toMatchObject({ collector: 'nvidia', reason: 'card 1: [GPU is lost]' });
    expect(nvidia.inventory.gpus.map((gpu) => gpu.gpu_id)).toEqual([0]);
  });

  it('go on without one whose loss silences the tool for all of them', async () => {
    const script = `ids=all; for a; do case $a in --id=*) ids=\${a#--id=};; esac; done
[[ $ids == *02* || $ids == all ]] && { echo 'Unable to determine the device handle for GPU0000:02:00.0: GPU is lost.  Reboot the system to recover this GPU'; exit 15; }
[[ $* == *memory.total\\ * || $1 == --id* ]] && { echo 1000; exit; }
while :; do echo '${card(1, 'GPU-a')}'; sleep 0.1; done`;
    await using nvidia = start({ script, cards: ['0000:01:00.0', '0000:02:00.0'], processes: false });
    await waitFor(() => nvidia.gpus.length === 1, 15_000, 'the card that is left');
    expect(nvidia.failures.map(({ reason }) => reason)).toEqual([expect.stringContaining('GPU is lost'), 'no answer from the card at 0000:02:00.0']);
  });

  it('are no longer reported when the tool has stopped saying anything of them', async () => {
    await using nvidia = source(`[[ $1 == *gpu=* ]] || exec sleep 100\necho '${card(0, 'GPU-a')}'; exec sleep 100`);
    await waitFor(() => nvidia.gpus.length === 1, 5_000, 'the card');
    await waitFor(() => nvidia.gpus.length === 0, 8_000, 'silence');
  });

  it('of which the tool says nothing are a failure for as long as it speaks of others', async () => {
    // As newer tools do: the sentence for one card, figures for the rest, and no end.
    const sentence = 'Unable to determine the device handle for GPU1: 0000:02:00.0: Unknown Error';
    const script = `[[ $1 == *gpu=* ]] || exec sleep 100\nwhile :; do echo '${sentence}' >&2; echo '${card(1, 'GPU-a')}'; sleep 0.1; done`;
    await using nvidia = start({ script, cards: ['0000:01:00.0', '0000:02:00.0'] });
    await waitFor(() => nvidia.failures.some(({ reason }) => reason === sentence), 5_000, 'the sentence');
    expect(nvidia.gpus.map(({ id }) => id)).toEqual([1]);
    await waitFor(() => nvidia.failures.some(({ reason }) => reason === 'no answer from the card at 0000:02:00.0'), 15_000, 'the silent card');
  });

  it('that answer again are watched again', async () => {
    const repaired = join(dir, 'repaired');
    const script = `[[ $* == *memory.total\\ * || $1 == --id* ]] && { echo 1000; exit; }
[[ $1 == *gpu=* ]] || exec sleep 100
[[ -e ${repaired} ]] && both=1
while :; do echo '${card(1, 'GPU-a')}'; [[ $both ]] && echo '${card(2, 'GPU-b')}'; sleep 0.1; done`;
    const clock = leaping();
    await using nvidia = start({ script, cards: ['0000:01:00.0', '0000:02:00.0'], clock });
    await waitFor(() => nvidia.gpus.length === 1, 5_000, 'one card');
    writeFileSync(repaired, '');
    await sleep(500);
    expect(nvidia.gpus).toHaveLength(1);
    clock.ahead = 11 * 60_000;
    await waitFor(() => nvidia.gpus.length === 2, 10_000, 'both cards');
    expect(nvidia.failures).toEqual([]);
  });

  it('are used by nobody only once the tool could have named somebody, and partitioned ones by nobody knows whom', async () => {
    const partitioned = card(2, 'GPU-b').replace(', 5, 40', ', [N/A], 40');
    const clock = leaping();
    await using nvidia = start({ script: `[[ $1 == *gpu=* ]] || exec sleep 100\nwhile :; do echo '${card(1, 'GPU-a')}'; echo '${partitioned}'; sleep 0.1; done`, clock });
    await waitFor(() => nvidia.gpus.length === 2, 5_000, 'both cards');
    expect(nvidia.gpus.map((gpu) => gpu.processes)).toEqual([undefined, undefined]);
    clock.ahead = 6_000;
    // The leap makes what was read before it old: both cards have to be read again.
    await waitFor(() => nvidia.gpus.length === 2 && nvidia.gpus[0]!.processes !== undefined, 5_000, 'an answer');
    expect(nvidia.gpus.map((gpu) => gpu.processes)).toEqual([[], undefined]);
  });

  it('are absent without complaint on a machine that has neither cards nor tool', async () => {
    await using nvidia = missing([]);
    await waitFor(() => nvidia.ready, 5_000, 'an answer');
    expect([nvidia.gpus, nvidia.failures]).toEqual([[], []]);
  });

  it('whose tool is missing are a failure on a machine that has some', async () => {
    await using nvidia = missing(['/sys/nowhere']);
    await waitFor(() => nvidia.failures.length > 0, 5_000, 'the failure');
    expect(nvidia.failures[0]!.reason).toContain('is not installed');
  });
});

describe('a tool that runs for ever', () => {
  it('is killed when it falls silent, and started again', async () => {
    const failures: string[] = [];
    const lines: string[] = [];
    await using _tool = new LongLived(
      { command: tool('echo hello; exec sleep 1000'), args: () => [], silence_ms: 300, silence: 'failure', line: (line) => lines.push(line) > 0, complained: () => {}, failed: (reason) => failures.push(reason) },
      systemClock,
    );
    _tool.start();
    await waitFor(() => lines.length >= 2, 15_000, 'a second start');
    expect(failures).toContain('no answer for 0 s, killed');
  });

  it('that is stopped, wanted again before it is gone, or made to begin anew, has not failed', async () => {
    const failures: string[] = [];
    let starts = 0;
    const options = { command: tool('echo hello; exec sleep 1000'), args: () => [], silence_ms: 60_000, silence: 'failure', line: () => ++starts > 0, complained: () => {}, failed: (reason: string) => failures.push(reason) } as const;
    await using one = new LongLived(options, systemClock);
    one.start();
    await waitFor(() => starts === 1, 5_000, 'a start');
    one.stop();
    one.start();
    await waitFor(() => starts === 2, 5_000, 'a second start');
    one.restart();
    await waitFor(() => starts === 3, 5_000, 'a third start');
    expect(failures).toEqual([]);
  });
});

describe('a machine without /proc', () => {
  it('is read through systeminformation into the same facts', async () => {
    const signal = new AbortController().signal;
    const memory = await portableCollectors.memory().collect(signal);
    expect(memory.memory_used).toBeGreaterThan(0);
    expect(memory.memory_used).toBeLessThan(memory.memory_total);
    const filesystems = await portableCollectors.filesystems().collect(signal);
    expect(filesystems.hdd_used).toBeLessThan(filesystems.hdd_total);
    expect((await portableCollectors.cpu().collect(signal)).cpu).toBeLessThanOrEqual(100);
    expect((await portableCollectors.host().collect(signal)).uptime_s).toBeGreaterThan(0);
    expect((await portableCollectors.network().collect(signal)).network_in).toBeGreaterThanOrEqual(0);
  });
});
