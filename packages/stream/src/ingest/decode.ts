import { MAX_CLOCK_AHEAD_MS, decodeSample, err, ok, type Rejection, type Result, type Sample } from '@vacancy/shared';

/** A message as the broker stored it. */
export interface Message {
  readonly subject: string;
  readonly data: Uint8Array;
  /** Position in the stream. */
  readonly stream_seq: number;
  /** When the broker received it, Unix ms. */
  readonly received_ts: number;
}

/**
 * A valid sample with what the broker knows of it. `ts` is the event time that everything after this stage uses:
 * the broker's receive time where the server's own clock ran more than a minute ahead (`skewed`).
 */
export interface Received extends Sample {
  readonly stream_seq: number;
  readonly received_ts: number;
  readonly skewed: boolean;
}

/** A message that was set aside, kept for inspection with its reason. */
export interface SetAside extends Rejection {
  readonly message: Message;
}

/** A sample, or why there is none. */
export type Decoded = Result<Received, SetAside>;

export function decode(message: Message): Decoded {
  const decoded = decodeSample(message.subject, message.data);
  if (!decoded.ok) return err({ ...decoded.error, message });
  const received = decoded.value as Sample & { stream_seq: number; received_ts: number; skewed: boolean };
  received.stream_seq = message.stream_seq;
  received.received_ts = message.received_ts;
  received.skewed = received.ts > message.received_ts + MAX_CLOCK_AHEAD_MS;
  if (received.skewed) received.ts = message.received_ts;
  return ok(received);
}
