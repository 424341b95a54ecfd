import { expect, it } from 'vitest';
import { Gate } from './gate.js';

it('lets as many in as it has places, and the next in the order in which they came', async () => {
  const gate = new Gate(1);
  const entered: number[] = [];
  const first = await gate.enter();
  const others = [2, 3].map((n) => gate.enter().then((place) => (entered.push(n), place)));
  await Promise.resolve();
  expect(entered).toEqual([]);
  first[Symbol.dispose]();
  (await others[0]!)[Symbol.dispose]();
  await others[1];
  expect(entered).toEqual([2, 3]);
});

it('refuses at once when asked to', () => {
  const gate = new Gate(1);
  const place = gate.tryEnter();
  expect(place).toBeDefined();
  expect(gate.tryEnter()).toBeUndefined();
  place?.[Symbol.dispose]();
  expect(gate.tryEnter()).toBeDefined();
});
