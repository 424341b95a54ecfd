import { describe, expect, it } from 'vitest';
import { WATCHING, rest, type CardPower, type RestState } from './rest.js';

const server: CardPower = { sleeps: false, asleep: false };
const awake: CardPower = { sleeps: true, asleep: false };
const asleep: CardPower = { sleeps: true, asleep: true };

/** Steps of a second each: the cards and whether they are idle. */
function run(steps: readonly { card: CardPower; idle: boolean; seconds: number }[]): { modes: string[]; state: RestState } {
  let state: RestState = WATCHING;
  let now = 0;
  const modes: string[] = [];
  for (const { card, idle, seconds } of steps) {
    for (let second = 0; second < seconds; second++) {
      state = rest(state, [card], idle, now);
      modes.push(state.mode);
      now += 1_000;
    }
  }
  return { modes, state };
}

describe('watching cards that may sleep', () => {
  it('never stops where no card can sleep', () => {
    expect(run([{ card: server, idle: true, seconds: 600 }]).modes.every((mode) => mode === 'watch')).toBe(true);
  });

  it('never stops while a card is used', () => {
    expect(run([{ card: awake, idle: false, seconds: 600 }]).modes.every((mode) => mode === 'watch')).toBe(true);
  });

  it('stops after half a minute of idleness and stays away from a sleeping card for good', () => {
    const { modes } = run([{ card: awake, idle: true, seconds: 40 }, { card: asleep, idle: true, seconds: 3_600 }]);
    expect(modes.indexOf('rest')).toBe(30);
    expect(modes.slice(30).every((mode) => mode === 'rest')).toBe(true);
  });

  it('is back at once when someone wakes the card', () => {
    const { state } = run([{ card: awake, idle: true, seconds: 40 }, { card: asleep, idle: true, seconds: 100 }, { card: awake, idle: true, seconds: 1 }]);
    expect(state.mode).toBe('watch');
  });

  it('looks again after a minute at an idle card that does not fall asleep, and at no time more often', () => {
    const { modes } = run([{ card: awake, idle: true, seconds: 600 }]);
    const returns = modes.flatMap((mode, second) => (mode === 'watch' && modes[second - 1] === 'rest' ? [second] : []));
    expect(returns.length).toBeGreaterThan(3);
    for (let i = 1; i < returns.length; i++) expect(returns[i]! - returns[i - 1]!).toBeGreaterThanOrEqual(60);
  });
});
