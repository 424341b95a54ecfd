export type Target = 'publisher' | 'nats-server' | 'stream' | 'engine';

export interface Victim {
  readonly target: Target;
  /** Which publisher. */
  readonly which: number;
  readonly down_ms: number;
}

export type Fault =
  | { readonly kind: 'kill'; readonly victims: readonly Victim[] }
  | { readonly kind: 'restart'; readonly down_ms: number }
  | { readonly kind: 'stop'; readonly for_ms: number };

const TARGETS: readonly Target[] = ['publisher', 'nats-server', 'stream', 'engine'];

/** Faults without end, the same for the same numbers: mostly one kill, at times two or three at once, restarts and standstills between. */
export function* drawFaults(r: () => number, publishers: number): Generator<Fault, never> {
  for (;;) {
    const kind = r();
    if (kind < 0.08) yield { kind: 'restart', down_ms: 2_000 * r() };
    else if (kind < 0.16) yield { kind: 'stop', for_ms: 1_000 + 7_000 * r() };
    else yield { kind: 'kill', victims: drawVictims(r, publishers, kind < 0.75 ? 1 : kind < 0.93 ? 2 : 3) };
  }
}

function drawVictims(r: () => number, publishers: number, count: number): Victim[] {
  const left = [...TARGETS];
  return Array.from({ length: count }, () => ({
    target: left.splice(Math.floor(r() * left.length), 1)[0]!, which: Math.floor(r() * publishers), down_ms: 3_000 * r() ** 2,
  }));
}
