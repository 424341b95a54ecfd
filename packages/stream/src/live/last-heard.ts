import { DAY, sampleSubject, type Millis, type Sample } from '@vacancy/shared';
import { decode, type Received } from '../ingest/decode.js';

/** A server that has been silent for longer is not shown again after a restart. */
export const SILENCE_KEPT_MS = 30 * DAY;

/** The last that was heard of a server, as it survives a restart when the broker has let go of it. */
export interface LastHeard {
  readonly received_ts: Millis;
  readonly sample: Sample;
}

export const isLastHeard = (value: unknown): value is LastHeard[] =>
  Array.isArray(value) && value.every((one: Partial<LastHeard> | null) => typeof one?.received_ts === 'number' && typeof one.sample?.server === 'string');

export const toLastHeard = ({ stream_seq: _seq, received_ts, skewed: _skewed, ...sample }: Received): LastHeard => ({ received_ts, sample });

/** As it was received; null where it is too old, or no sample by today's rules. */
export function fromLastHeard({ received_ts, sample }: LastHeard, now: Millis): Received | null {
  if (received_ts < now - SILENCE_KEPT_MS) return null;
  const decoded = decode({ subject: sampleSubject(sample.server), data: Buffer.from(JSON.stringify(sample)), stream_seq: 0, received_ts });
  return decoded.ok ? decoded.value : null;
}
