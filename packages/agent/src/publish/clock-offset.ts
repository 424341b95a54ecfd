import type { NatsConnection } from '@nats-io/transport-node';
import type { Clock } from '@vacancy/shared/plain';

const ROUNDS = 4;

/**
 * Questions whose answer carries the server's time and that need no rights on JetStream: about the asking user itself (from 2.10 on), and
 * the message counts of its own account (2.9 answers this one alone).
 */
export const TIME_SUBJECTS = ['$SYS.REQ.USER.INFO', '$SYS.REQ.ACCOUNT.PING.STATZ'] as const;

/** Broker's clock minus this one, ms, from the quickest of a few round trips; `null` where this agent may not ask or is not answered. */
export async function clockOffset(nc: NatsConnection, clock: Clock): Promise<number | null> {
  for (const subject of TIME_SUBJECTS) {
    const offset = await offsetBy(subject, nc, clock);
    if (offset !== null) return offset;
  }
  return null;
}

async function offsetBy(subject: string, nc: NatsConnection, clock: Clock): Promise<number | null> {
  let best: { trip: number; offset: number } | null = null;
  for (let round = 0; round < ROUNDS; round++) {
    const sent = clock.now();
    const started = performance.now();
    const time = await serverTime(subject, nc);
    const trip = performance.now() - started;
    if (time === null) return null;
    if (!best || trip < best.trip) best = { trip, offset: time - (sent + trip / 2) };
  }
  return best && Math.round(best.offset);
}

async function serverTime(subject: string, nc: NatsConnection): Promise<number | null> {
  try {
    const answer = await nc.request(subject, '', { timeout: 2_000 });
    const time = Date.parse(answer.json<{ server: { time: string } }>().server.time);
    return Number.isFinite(time) ? time : null;
  } catch {
    return null; // not permitted, not offered by this version, or the connection went away
  }
}
