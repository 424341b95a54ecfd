import { describe, expect, it } from 'vitest';
import type { Decoded } from './decode.js';
import { Tail } from './tail.js';

const LIMITS = { messages: 5, bytes: 1e6 };
const message = (seq: number): Decoded => ({ ok: true, value: { stream_seq: seq } as never });
const seqs = (taken: ReturnType<Tail['take']>) => taken?.messages.map((one) => (one as { value: { stream_seq: number } }).value.stream_seq);

/** Adds messages as a consumer delivers them, `first` the how-manieth the first of them is. */
function fill(tail: Tail, from: number, to: number, { consumer = 'a', first = from, bytes = 100 } = {}): void {
  for (let seq = from; seq <= to; seq++) tail.add(seq, bytes, message(seq), { consumer, delivered: first + seq - from, pending: 0 });
}

describe('the tail of the stream', () => {
  it('gives what follows a position, in order and once', () => {
    const tail = new Tail();
    fill(tail, 1, 8);
    expect(seqs(tail.take(2, LIMITS))).toEqual([3, 4, 5, 6, 7]);
    expect(tail.take(7, LIMITS)).toMatchObject({ to: 8 });
    expect(tail.take(8, LIMITS)).toEqual({ to: 8, messages: [] });
  });

  it('has nothing for a position whose successor it never saw', () => {
    const tail = new Tail();
    expect(tail.reaches(0)).toBe(false);
    expect(tail.take(0, LIMITS)).toBeUndefined();
    fill(tail, 11, 12, { first: 1 });
    expect(tail.reaches(9)).toBe(false);
    expect(tail.take(9, LIMITS)).toBeUndefined();
    expect(seqs(tail.take(10, LIMITS))).toEqual([11, 12]);
  });

  it('says of messages that are about to come that they are, and of distant ones that they are not', () => {
    const tail = new Tail({ messages: 10, bytes: 1e6 });
    fill(tail, 1, 3);
    expect(tail.reaches(13)).toBe(true);
    expect(tail.reaches(14)).toBe(false);
  });

  it('takes deleted messages for holes, and a delivery that is missing for a loss', () => {
    const tail = new Tail();
    fill(tail, 1, 2);
    fill(tail, 5, 6, { first: 3 });
    expect(seqs(tail.take(0, LIMITS))).toEqual([1, 2, 5, 6]);
    fill(tail, 9, 9, { first: 6 });
    expect(tail.take(6, LIMITS)).toBeUndefined();
    expect(seqs(tail.take(8, LIMITS))).toEqual([9]);
  });

  it('begins anew with another consumer, which may read another stream', () => {
    const tail = new Tail();
    fill(tail, 1, 4);
    fill(tail, 3, 5, { consumer: 'b', first: 1 });
    expect(tail.last?.consumer).toBe('b');
    expect(tail.take(0, LIMITS)).toBeUndefined();
    expect(seqs(tail.take(2, LIMITS))).toEqual([3, 4, 5]);
  });

  it('lets the oldest go when nobody takes them', () => {
    const tail = new Tail({ messages: 100, bytes: 1e6 });
    fill(tail, 1, 1050);
    expect(tail.pending).toBeLessThanOrEqual(100);
    expect(tail.take(900, LIMITS)).toBeUndefined();
    expect(seqs(tail.take(1045, LIMITS))).toEqual([1046, 1047, 1048, 1049, 1050]);
    fill(tail, 1051, 1100, { bytes: 300_000 });
    expect(tail.pending).toBeLessThan(5);
  });

  it('tells when there is enough for a cut, by number or by bytes', () => {
    const tail = new Tail();
    let told = 0;
    fill(tail, 1, 3);
    tail.whenFull(3, LIMITS, () => told++);
    fill(tail, 4, 7);
    expect(told).toBe(0);
    fill(tail, 8, 10);
    expect(told).toBe(1);
    tail.whenFull(10, { messages: 100, bytes: 1e6 }, () => told++);
    fill(tail, 11, 12, { bytes: 600_000 });
    expect(told).toBe(2);
    expect(tail.take(10, LIMITS)).toMatchObject({ to: 12 });
  });

  it('counts nothing that lies before the position, while the live way is behind it', () => {
    const tail = new Tail();
    let told = 0;
    fill(tail, 1, 2);
    tail.whenFull(20, LIMITS, () => told++);
    fill(tail, 3, 23);
    expect(told).toBe(0);
    fill(tail, 24, 25);
    expect(told).toBe(1);
    expect(seqs(tail.take(20, LIMITS))).toEqual([21, 22, 23, 24, 25]);
  });
});
