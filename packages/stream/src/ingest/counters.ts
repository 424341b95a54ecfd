/** What a counter's increase is judged by. */
export interface CounterReading {
  readonly boot_id: string;
  /** Unix ms. */
  readonly ts: number;
  readonly uptime_s: number;
  readonly network_in: number;
  readonly network_out: number;
}

/** How much both counters grew, and over what time that is known: a rate is the one over the other. */
export interface Increase {
  readonly network_down_bytes: number;
  readonly network_up_bytes: number;
  readonly network_down_known_ms: number;
  readonly network_up_known_ms: number;
}

/** Of the first sample of a server. */
export const NO_INCREASE: Increase = { network_down_bytes: 0, network_up_bytes: 0, network_down_known_ms: 0, network_up_known_ms: 0 };

/** From one reading to the next. Where nothing is known of the way, it adds neither bytes nor time. */
export function increase(previous: CounterReading, next: CounterReading): Increase {
  const rebooted = next.boot_id !== previous.boot_id || next.uptime_s < previous.uptime_s;
  const down = grown(previous.network_in, next.network_in, rebooted);
  const up = grown(previous.network_out, next.network_out, rebooted);
  // A clock that was set back takes no time back.
  const ms = Math.max(0, next.ts - previous.ts);
  return {
    network_down_bytes: down ?? 0,
    network_up_bytes: up ?? 0,
    network_down_known_ms: down === null ? 0 : ms,
    network_up_known_ms: up === null ? 0 : ms,
  };
}

/**
 * A counter below its predecessor began anew: what it shows is the increase where the server began anew too (a new `boot_id` or
 * a fallen uptime shows it), else nothing is known: `null`.
 */
export function grown(before: number, after: number, rebooted: boolean): number | null {
  if (after >= before) return after - before;
  return rebooted ? after : null;
}
