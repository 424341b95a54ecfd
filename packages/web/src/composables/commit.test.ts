import { describe, expect, it } from 'vitest';
import { createCommitter } from './commit.js';

/** Frames at 60 Hz that come when told to. */
function frames() {
  let now = 0;
  let waiting: (() => void)[] = [];
  return {
    now: () => now,
    request(task: () => void) {
      waiting.push(task);
      return () => void (waiting = waiting.filter((candidate) => candidate !== task));
    },
    run(count: number, before: () => void = () => undefined) {
      for (let i = 0; i < count; i++) {
        before();
        now += 1000 / 60;
        const due = waiting;
        waiting = [];
        for (const task of due) task();
      }
    },
    get waiting() {
      return waiting.length;
    },
  };
}

describe('committing to the screen', () => {
  it('happens at most ten times a second, however much comes in', () => {
    const screen = frames();
    let commits = 0;
    const committer = createCommitter(() => commits++, screen);
    screen.run(60 * 10, () => {
      for (let i = 0; i < 20; i++) committer.mark();
    });
    expect(commits).toBeGreaterThan(80);
    expect(commits).toBeLessThanOrEqual(100);
  });

  it('shows the last change, and rests when there is none', () => {
    const screen = frames();
    let value = 0;
    let shown = -1;
    const committer = createCommitter(() => (shown = value), screen);
    for (value = 1; value < 5; value++) committer.mark();
    screen.run(10);
    expect(shown).toBe(5);
    expect(screen.waiting).toBe(0);
  });

  it('waits without end while no frames come, as in a hidden tab, and then commits once', () => {
    const screen = frames();
    let commits = 0;
    const committer = createCommitter(() => commits++, screen);
    for (let i = 0; i < 1_000; i++) committer.mark();
    expect(commits).toBe(0);
    expect(screen.waiting).toBe(1);
    screen.run(10);
    expect(commits).toBe(1);
  });

  it('leaves the next frame to what brought the change, and takes the one after', () => {
    const screen = frames();
    let commits = 0;
    const committer = createCommitter(() => commits++, screen);
    committer.mark();
    screen.run(1);
    expect(commits).toBe(0);
    screen.run(1);
    expect(commits).toBe(1);
  });

  it('commits at once what was marked when it is told to, once, and nothing when nothing was', () => {
    const screen = frames();
    let commits = 0;
    const committer = createCommitter(() => commits++, screen);
    committer.flush();
    expect(commits).toBe(0);
    for (const waited of [0, 1]) {
      committer.mark();
      screen.run(waited);
      committer.flush();
      screen.run(10);
    }
    expect(commits).toBe(2);
  });

  it('is over after stop', () => {
    const screen = frames();
    let commits = 0;
    const committer = createCommitter(() => commits++, screen);
    for (const waited of [0, 1]) {
      committer.mark();
      screen.run(waited);
      committer.stop();
      screen.run(5);
    }
    expect(commits).toBe(0);
  });
});
