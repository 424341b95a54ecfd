import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock, MINUTE } from '@vacancy/shared/plain';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AmdCollector, parseAmd, type AmdFiles } from './amd.js';

const files: AmdFiles = {
  mem_info_vram_total: '68702699520\n', mem_info_vram_used: '10960896\n', gpu_busy_percent: '37\n', product_name: 'AMD Instinct MI210\n',
  unique_id: '4f3c1d5e6a7b8c9d\n', temp1_input: '41000\n', power1_average: '42000000\n', power1_input: '',
};

describe('the files of the amdgpu driver', () => {
  it('become a card in bytes, percent, degrees and watts', () => {
    expect(parseAmd(2, files)).toEqual({
      sample: { id: 2, memory_total: 68_702_699_520, memory_used: 10_960_896, utilization: 37, temperature: 41, power: 42 },
      gpu_type: 'AMD Instinct MI210',
      uuid: '4f3c1d5e6a7b8c9d',
    });
  });

  it('leave out what the card does not tell', () => {
    const card = parseAmd(0, { ...files, gpu_busy_percent: '', temp1_input: '', power1_average: '', product_name: '', unique_id: '' });
    expect(card).toEqual({ sample: { id: 0, memory_total: 68_702_699_520, memory_used: 10_960_896 }, gpu_type: 'AMD GPU' });
  });

  it('take power under its newer name', () => expect(parseAmd(0, { ...files, power1_average: '', power1_input: '7000000' })?.sample.power).toBe(7));

  it('make no card of one without memory of its own', () => expect(parseAmd(0, { ...files, mem_info_vram_total: '' })).toBeNull());
});

describe('AMD cards in sysfs', () => {
  let root: string;
  beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'vacancy-amd-'))));
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const write = (card: string, changes: Record<string, string>): void => {
    const device = join(root, card, 'device');
    for (const folder of ['power', 'hwmon/hwmon3']) mkdirSync(join(device, folder), { recursive: true });
    for (const [file, text] of Object.entries(changes)) writeFileSync(join(device, file), `${text}\n`);
  };
  const AWAKE = { 'power/control': 'on', 'power/runtime_status': 'active' };
  const MAY_SLEEP = { 'power/control': 'auto', 'power/runtime_status': 'active' };
  const card = (used: number, busy: number, power: Record<string, string> = AWAKE) => ({
    vendor: '0x1002', mem_info_vram_total: '16000', mem_info_vram_used: String(used), gpu_busy_percent: String(busy), 'hwmon/hwmon3/temp1_input': '40000', ...power,
  });
  const collect = (collector: AmdCollector) => collector.collect(new AbortController().signal).then((cards) => cards.map(({ sample }) => sample));

  it('are read in the order of their numbers, after the NVIDIA cards, without the cards of others and the plugs on them', async () => {
    write('card10', card(10, 0));
    write('card2', card(2, 50));
    write('card0', { ...card(1, 1), vendor: '0x10de' });
    mkdirSync(join(root, 'card2-DP-1'));
    const samples = await collect(new AmdCollector(1_000, () => 4, new ManualClock(1e9), root));
    expect(samples).toMatchObject([{ id: 4, memory_used: 2, utilization: 50, temperature: 40 }, { id: 5, memory_used: 10, utilization: 0 }]);
  });

  it('that may sleep are asked once a minute while idle, and not at all while they sleep', async () => {
    const clock = new ManualClock(1e9);
    const collector = new AmdCollector(1_000, () => 0, clock, root);
    write('card0', card(7, 0, MAY_SLEEP));
    expect(await collect(collector)).toMatchObject([{ memory_used: 7, utilization: 0 }]);
    write('card0', card(9, 0, MAY_SLEEP));
    clock.advance(MINUTE - 1);
    expect(await collect(collector)).toMatchObject([{ memory_used: 7 }]);
    clock.advance(1);
    expect(await collect(collector)).toMatchObject([{ memory_used: 9 }]);
    write('card0', { ...card(11, 0), 'power/control': 'auto', 'power/runtime_status': 'suspended' });
    clock.advance(10 * MINUTE);
    expect(await collect(collector)).toEqual([{ id: 0, memory_total: 16_000, memory_used: 9 }]);
  });
});
