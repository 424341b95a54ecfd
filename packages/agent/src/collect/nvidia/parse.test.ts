import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { Lines } from './lines.js';
import { parseAppLine, parseCudaVersion, parseGpuLine } from './parse.js';

const fixture = (name: string): string[] =>
  new Lines().push(`${readFileSync(new URL(`../../../test/fixtures/nvidia-smi/${name}.txt`, import.meta.url), 'utf8')}\n`);
const MIB = 1024 * 1024;

describe('a line of nvidia-smi about a card', () => {
  it('becomes bytes, percent, degrees and watts', () => {
    const [first] = fixture('query-gpu').map(parseGpuLine);
    expect(first).toEqual({
      kind: 'card',
      row: {
        id: 0, uuid: 'GPU-2a1c7f0e-6a3e-1f7b-9d55-0c5f7f5b2d11', bus_id: '00000000:17:00.0', gpu_type: 'NVIDIA A100-SXM4-80GB', driver_version: '535.161.08',
        memory_total: 81_920 * MIB, memory_used: 74_561 * MIB, utilization: 97, temperature: 61, power: 312.45,
      },
    });
  });

  it.each(['[N/A]', 'N/A', '[Not Supported]', '[Unknown Error]', 'ERR!', '[Insufficient Permissions]', ''])(
    'leaves out an optional field that says %s, and never makes it 0',
    (text) => {
      const parsed = parseGpuLine(`3, GPU-x, 00000000:65:00.0, 12196, 10, ${text}, ${text}, ${text}, 550.54.14, NVIDIA TITAN Xp`);
      expect(parsed.kind).toBe('card');
      expect(parsed.kind === 'card' && Object.keys(parsed.row)).not.toEqual(expect.arrayContaining(['utilization']));
      expect(parsed.kind === 'card' && 'temperature' in parsed.row).toBe(false);
      expect(parsed.kind === 'card' && 'power' in parsed.row).toBe(false);
    },
  );

  it('leaves out the card whose memory is not known, and says which and why', () => {
    const parsed = parseGpuLine('2, GPU-x, 00000000:65:00.0, 12196, [Unknown Error], [Unknown Error], ERR!, ERR!, 550.54.14, NVIDIA TITAN Xp');
    expect(parsed).toEqual({ kind: 'unreadable', id: 2, bus_id: '00000000:65:00.0', reason: 'card 2: memory [Unknown Error]' });
  });

  it('is no free card when the card is broken, though the tool says that 0 MiB of it are in use', () => {
    const rows = fixture('query-gpu-reset').map(parseGpuLine);
    expect(rows).toMatchObject([
      { kind: 'unreadable', id: 0, bus_id: '00000000:17:00.0', reason: 'card 0: [GPU requires reset]' },
      { kind: 'card', row: { id: 1 } },
    ]);
  });

  it('has no utilisation on a partitioned card', () => {
    const rows = fixture('query-gpu-mig').map(parseGpuLine);
    expect(rows.map((row) => row.kind)).toEqual(['card', 'card']);
    expect(rows[0]).toMatchObject({ row: { id: 0, memory_used: 14_366 * MIB } });
    expect(rows[0]!.kind === 'card' && 'utilization' in rows[0]!.row).toBe(false);
    expect(rows[1]).toMatchObject({ row: { id: 1, utilization: 0 } });
  });

  it.each([
    'lost-card', 'version-mismatch', 'no-driver', 'no-devices', 'invalid-field',
  ])('is a sentence for people when the tool has failed (%s)', (name) => {
    const lines = fixture(name).map(parseGpuLine);
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.every((line) => line.kind === 'notice' && line.text.length > 10)).toBe(true);
  });

  it('keeps a comma in a model name', () => {
    const parsed = parseGpuLine('0, GPU-x, 00000000:01:00.0, 100, 1, 0, 30, 10, 1.0, Card, Special');
    expect(parsed).toMatchObject({ row: { gpu_type: 'Card, Special' } });
  });

  it('never throws, and never yields a number that the text does not hold', () => {
    const word = fc.oneof(fc.constantFrom('0', '97', '[N/A]', 'ERR!', '', '-5', '1e9', 'NaN', 'Infinity', '0x10'), fc.string());
    fc.assert(
      fc.property(fc.array(word, { maxLength: 14 }), (words) => {
        const parsed = parseGpuLine(words.join(', '));
        if (parsed.kind !== 'card') return;
        const { utilization, temperature, power, memory_total, memory_used } = parsed.row;
        for (const value of [utilization, temperature, power, memory_total, memory_used]) expect(value === undefined || (Number.isFinite(value) && value >= 0)).toBe(true);
      }),
    );
  });
});

describe('a line of nvidia-smi about a process', () => {
  it('names card, process, memory and program', () => {
    expect(fixture('query-compute-apps').map(parseAppLine)).toEqual([
      { uuid: 'GPU-2a1c7f0e-6a3e-1f7b-9d55-0c5f7f5b2d11', pid: 4242, memory_used: 73_210 * MIB, name: 'python' },
      { uuid: 'GPU-2a1c7f0e-6a3e-1f7b-9d55-0c5f7f5b2d11', pid: 5151, memory_used: 1_344 * MIB, name: '/opt/conda/bin/python3.11' },
      { uuid: 'GPU-8d0b0f55-11c2-5d7e-8a6b-3f2f1f0c9e22', pid: 990 },
    ]);
  });

  it.each(['', 'No running processes found', 'Failed to initialize NVML: Driver/library version mismatch', 'GPU-x, [N/A], 5, python'])('is nothing when it says "%s"', (line) =>
    expect(parseAppLine(line)).toBeNull(),
  );
});

describe('the newest CUDA that a driver runs', () => {
  it.each([
    ['Driver Version                            : 550.54.14\nCUDA Version                              : 12.4\n', '12.4'],
    ['NVIDIA-SMI version  : 580.65\nCUDA Version        : 13.0', '13.0'],
    ['CUDA Version                              : N/A', undefined],
    ['', undefined],
  ])('is read from the header', (text, version) => expect(parseCudaVersion(text)).toBe(version));
});

describe('lines from a pipe', () => {
  it('are the same however the pipe cuts them', () => {
    const text = 'alpha\nbeta, 2\r\n\n  \ngamma\n';
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: text.length }), { maxLength: 8 }), (cuts) => {
        const lines = new Lines();
        const at = [0, ...cuts.sort((a, b) => a - b), text.length];
        const found = at.slice(1).flatMap((end, index) => lines.push(text.slice(at[index], end)));
        expect(found).toEqual(['alpha', 'beta, 2', 'gamma']);
      }),
    );
  });

  it('hold back a line until it is whole', () => {
    const lines = new Lines();
    expect(lines.push('0, GPU-x, 817')).toEqual([]);
    expect(lines.push('41\n')).toEqual(['0, GPU-x, 81741']);
  });
});
