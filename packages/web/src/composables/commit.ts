/** At most ten commits a second: more cannot be read, and each may redraw the page. */
const MIN_INTERVAL_MS = 100;

export interface Frames {
  now(): number;
  request(task: () => void): () => void;
}

/** A hidden tab gets no frames, so nothing is drawn there; the first frame after it shows commits once. */
export const browserFrames: Frames = {
  now: () => performance.now(),
  request(task) {
    const id = requestAnimationFrame(task);
    return () => cancelAnimationFrame(id);
  },
};

export interface Committer {
  /** Something changed; `commit` will run in a coming frame. */
  mark(): void;
  /** Commits now what was marked, if anything. */
  flush(): void;
  stop(): void;
}

/**
 * Runs `commit` in animation frames, only after a `mark`, at a bounded rate. Not in the frame that comes next: to take in the message that
 * led to the mark is that frame's work.
 */
export function createCommitter(commit: () => void, frames: Frames = browserFrames): Committer {
  let last = -Infinity;
  let cancel: (() => void) | null = null;
  const frame = (): void => {
    if (frames.now() - last < MIN_INTERVAL_MS) {
      cancel = frames.request(frame);
      return;
    }
    cancel = null;
    last = frames.now();
    commit();
  };
  return {
    mark() {
      cancel ??= frames.request(() => (cancel = frames.request(frame)));
    },
    flush() {
      if (!cancel) return;
      cancel();
      cancel = null;
      last = frames.now();
      commit();
    },
    stop() {
      cancel?.();
      cancel = null;
    },
  };
}
