/** What a counter's increase is judged by. */
export interface CounterReading {
  readonly boot_id: string;
  readonly uptime_s: number;
  readonly network_in: number;
  readonly network_out: number;
}

export interface Increase {
  readonly network_down_bytes: number;
  readonly network_up_bytes: number;
}

/**
 * The increase of both counters from one reading to the next. A counter below its predecessor was restarted; its new value
 * counts as the increase only where a new boot_id or a fallen uptime shows a reboot, else nothing is known of the way: 0.
 */
export function increase(previous: CounterReading, next: CounterReading): Increase {
  const rebooted = next.boot_id !== previous.boot_id || next.uptime_s < previous.uptime_s;
  const grown = (before: number, after: number): number => (after >= before ? after - before : rebooted ? after : 0);
  return {
    network_down_bytes: grown(previous.network_in, next.network_in),
    network_up_bytes: grown(previous.network_out, next.network_out),
  };
}
