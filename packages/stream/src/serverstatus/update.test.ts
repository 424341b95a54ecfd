import { decodeInventory, decodeSample, inventorySubject, sampleSubject } from '@vacancy/shared';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { translate, type Arrival } from './update.js';

const arrival: Arrival = {
  server: 'gpu01', boot_id: 'b00', seq: 7, ts: 1_762_000_000_123, interval_ms: 1030, address: '10.0.0.11',
  account: { hash: '', name: '实验室一号', location: 'B-204' },
};

/** The sample of the original request. */
const DEMO = {
  online0: false, protocol_version: 1.0, uptime: 7793761, memory_total: 115389480, memory_used: 12404684, hdd_total: 7930348, hdd_used: 7217486,
  cpu: 31.9, network_in: 1472131498480, network_out: 6131962388933,
  gpu_status: [['0', 'TITAN Xp', 7271, 12196], ['1', 'TITAN Xp', 8541, 12196], ['2', 'TITAN Xp', 10, 12196], ['3', 'TITAN Xp', 10, 12196]],
};

/** A line that the stock Linux client 1.1.0 sent. */
const STOCK =
  '{"online6": false, "uptime": 1375, "load_1": 3.25, "load_5": 2.00732421875, "load_15": 1.0517578125, "memory_total": 24684084, "memory_used": 366736, "swap_total": 0, "swap_used": 0, "hdd_total": 258019, "hdd_used": 181176, "cpu": 78.6, "cpu_cores": 2, "cpu_model": "Intel(R) Xeon(R) Processor", "network_rx": 0, "network_tx": 0, "network_in": 512136526, "network_out": 1039768, "ping_10010": 0.0, "ping_189": 0.0, "ping_10086": 0.0, "time_10010": 0, "time_189": 0, "time_10086": 0, "tcp": 6, "udp": 0, "process": 86, "thread": 137, "io_read": 0, "io_write": 126976, "os": "debian", "custom": "m=0"}';

const translated = (fields: unknown) => {
  const update = translate(JSON.stringify(fields), arrival);
  if (!update.ok) throw new Error(update.error);
  return update.value;
};
const reason = (fields: unknown) => {
  const update = translate(typeof fields === 'string' ? fields : JSON.stringify(fields), arrival);
  return update.ok ? null : update.error;
};

describe('an update', () => {
  it('with cards, as in the original request, becomes a sample in bytes', () => {
    expect(translated(DEMO).sample).toEqual({
      v: 1, server: 'gpu01', boot_id: 'b00', seq: 7, ts: 1_762_000_000_123, interval_ms: 1030, uptime_s: 7793761, cpu: 31.9,
      memory_total: 118158827520, memory_used: 12702396416, hdd_total: 8315572584448, hdd_used: 7568082599936,
      network_in: 1472131498480, network_out: 6131962388933,
      gpus: [
        { id: 0, memory_total: 12788432896, memory_used: 7624196096 },
        { id: 1, memory_total: 12788432896, memory_used: 8955887616 },
        { id: 2, memory_total: 12788432896, memory_used: 10485760 },
        { id: 3, memory_total: 12788432896, memory_used: 10485760 },
      ],
    });
  });

  it('tells the inventory what a stock client knows, and leaves the rest absent', () => {
    expect(translated(DEMO).inventory).toEqual({
      v: 1, server: 'gpu01', name: '实验室一号', address: '10.0.0.11', location: 'B-204', memory_limit: 118158827520, hdd_total: 8315572584448,
      agent_version: 'ServerStatus', gpu_num: 4,
      gpus: [0, 1, 2, 3].map((gpu_id) => ({ gpu_id, gpu_type: 'TITAN Xp', gpu_memory_limit: 12788432896 })),
    });
    expect(translated(JSON.parse(STOCK)).inventory).toMatchObject({ os: 'debian', cpu_cores: 2, cpu_model: 'Intel(R) Xeon(R) Processor', gpu_num: 0 });
  });

  it('of a stock client keeps load and swap, and takes nothing from custom', () => {
    const { sample } = translated(JSON.parse(STOCK));
    expect(sample).toMatchObject({ load1: 3.25, load5: 2.00732421875, load15: 1.0517578125, swap_total: 0, swap_used: 0, gpus: [] });
    expect(JSON.stringify(translated({ ...DEMO, custom: '<script>' }))).not.toContain('script');
  });

  it('may bring fractions where the stock server insists on whole numbers', () => {
    expect(translated({ ...DEMO, memory_used: 1.5, uptime: 12.6 }).sample).toMatchObject({ memory_used: 1536, uptime_s: 13 });
  });

  it('is refused whole when something that everything needs is missing or nonsense', () => {
    expect(reason('{')).toBe('not JSON');
    for (const broken of ['[]', 'null', '7', '"x"']) expect(reason(broken)).toBe('not an object');
    for (const field of ['uptime', 'cpu', 'memory_total', 'memory_used', 'hdd_total', 'hdd_used', 'network_in', 'network_out']) {
      expect(reason({ ...DEMO, [field]: undefined })).toContain(field);
      expect(reason({ ...DEMO, [field]: -1 })).toContain(field);
      expect(reason({ ...DEMO, [field]: '12' })).toContain(field);
    }
    expect(reason({ ...DEMO, cpu: 101 })).toContain('cpu');
    expect(reason({ ...DEMO, memory_used: DEMO.memory_total * 2 })).toBe('memory');
    expect(reason({ ...DEMO, gpu_status: [['0', 'X', 1, 2], ['0', 'X', 1, 2]] })).toBe('gpu 0');
    expect(reason({ ...DEMO, gpu_status: Array.from({ length: 65 }, (_, id) => [id, 'X', 1, 2]) })).toContain('gpus');
  });

  it('with a card that cannot be read leaves that card out and says so, instead of calling its memory 0', () => {
    const { sample, inventory } = translated({ ...DEMO, gpu_status: [['0', 'TITAN Xp', 7271, 12196], ['1', 'TITAN Xp', null, null], 'ERR!', ['-1', 'X', 1, 2]] });
    expect(sample.gpus.map((gpu) => gpu.id)).toEqual([0]);
    expect(sample.health).toEqual({ failures: [{ collector: 'gpu_status', reason: 'cards that could not be read', count: 3 }] });
    expect(inventory.gpu_num).toBe(1);
  });

  it('cannot smuggle line breaks or endless text into the inventory', () => {
    const { inventory } = translated({ ...DEMO, os: `x\u0000\n${'y'.repeat(500)}`, cpu_model: '   ' });
    expect(inventory.os).toMatch(/^x {2}y{125}$/);
    expect(inventory).not.toHaveProperty('cpu_model');
  });

  it('whatever it holds, never becomes something that the contract refuses', () => {
    const value = fc.oneof(fc.double(), fc.integer(), fc.string(), fc.constant(null), fc.boolean(), fc.array(fc.array(fc.oneof(fc.integer(), fc.string()))));
    const mutation = fc.dictionary(fc.constantFrom(...Object.keys(DEMO), 'os', 'cpu_model', 'cpu_cores', 'swap_total', 'swap_used', 'load_1'), value, { maxKeys: 3 });
    fc.assert(
      fc.property(mutation, (changes) => {
        const update = translate(JSON.stringify({ ...DEMO, ...changes }), arrival);
        if (!update.ok) return;
        const bytes = (message: unknown) => Buffer.from(JSON.stringify(message));
        expect(decodeSample(sampleSubject('gpu01'), bytes(update.value.sample))).toMatchObject({ ok: true });
        expect(decodeInventory(inventorySubject('gpu01'), bytes(update.value.inventory))).toMatchObject({ ok: true });
      }),
      { numRuns: 500 },
    );
  });
});
