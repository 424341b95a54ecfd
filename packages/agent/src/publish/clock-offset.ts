import type { NatsConnection } from '@nats-io/transport-node';
import type { Clock } from '@vacancy/shared/plain';

const ROUNDS = 4;

/**
 * Broker's clock minus this one, ms, from the quickest of a few round trips; `null` where the broker does not answer.
 * `$SYS.REQ.USER.INFO` tells a user about itself alone, and its answer carries the server's time: the one way to learn that
 * time without rights on JetStream.
 */
export async function clockOffset(nc: NatsConnection, clock: Clock): Promise<number | null> {
  let best: { trip: number; offset: number } | null = null;
  for (let round = 0; round < ROUNDS; round++) {
    const sent = clock.now();
    const started = performance.now();
    const time = await serverTime(nc);
    const trip = performance.now() - started;
    if (time === null) return null;
    if (!best || trip < best.trip) best = { trip, offset: time - (sent + trip / 2) };
  }
  return Math.round(best!.offset);
}

async function serverTime(nc: NatsConnection): Promise<number | null> {
  try {
    const answer = await nc.request('$SYS.REQ.USER.INFO', '', { timeout: 2_000 });
    const time = Date.parse(answer.json<{ server: { time: string } }>().server.time);
    return Number.isFinite(time) ? time : null;
  } catch {
    return null; // not permitted, not offered by this version, or the connection went away
  }
}
