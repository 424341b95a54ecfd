import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineReader } from './lines.js';

describe('LineReader', () => {
  it('gives the same lines however the bytes are cut', () => {
    const line = fc.string({ unit: fc.constantFrom('a', '{', ':', ' ', '一', '🙂'), maxLength: 20 });
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.nat({ max: 30 })), (lines, cuts) => {
        const reader = new LineReader();
        let bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''));
        const seen: string[] = [];
        for (const cut of cuts) {
          seen.push(...reader.push(bytes.subarray(0, cut), 200)!);
          bytes = bytes.subarray(cut);
        }
        seen.push(...reader.push(bytes, 10_000)!);
        expect(seen).toEqual(lines);
      }),
    );
  });

  it('takes line ends of Windows and of the old C++ programs', () => {
    expect(new LineReader().push(Buffer.from('a\r\nb\n\0\0c\n'), 100)).toEqual(['a', 'b', 'c']);
  });

  it('refuses a line over the limit, whether its end has come or not', () => {
    expect(new LineReader().push(Buffer.from(`${'x'.repeat(11)}\n`), 10)).toBeNull();
    expect(new LineReader().push(Buffer.from('x'.repeat(11)), 10)).toBeNull();
    expect(new LineReader().push(Buffer.from(`${'x'.repeat(10)}\n`), 10)).toEqual(['x'.repeat(10)]);
    const reader = new LineReader();
    expect(reader.push(Buffer.from('x'.repeat(8)), 10)).toEqual([]);
    expect(reader.push(Buffer.from('x'.repeat(8)), 10)).toBeNull();
  });
});
