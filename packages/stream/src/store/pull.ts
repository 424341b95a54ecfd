import { AckPolicy, DeliverPolicy, jetstreamManager, type JetStreamManager, type StreamInfo } from '@nats-io/jetstream';
import { createInbox, nanos, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { systemClock, type Clock } from '@vacancy/shared';
import { decode, type Decoded } from '../ingest/decode.js';
import { identityOf } from '../ingest/streams.js';
import type { Delivery, Tail } from '../ingest/tail.js';
import type { Cut } from './batch.js';

export interface PullLimits {
  readonly messages: number;
  readonly bytes: number;
  /** How long a cut waits for more. */
  readonly age_ms: number;
}

/** Where to go on: behind this position of this stream. */
export interface Position {
  readonly stream: string;
  readonly seq: number;
}

/** The stream is not there, or its consumer has gone: try again. */
export class PullError extends Error {
  override readonly name = 'PullError';
}

/**
 * Reads the stream in cuts: one pull request, one batch. The broker answers at once while there is a backlog and waits up to
 * `age_ms` when there is none, so batches grow and shrink by themselves, and what was not asked for stays in the broker.
 * What the live way has just read and decoded is cut off its tail in the same manner and not asked for.
 *
 * Without acknowledgements (the position is ours), so a message can be lost on the way when the connection breaks: the
 * consumer numbers its deliveries, and a hole in the numbers makes a new consumer behind the last message that came.
 * Pull requests are written out by hand because the client's iterator costs as much per message as the broker.
 */
export class StreamReader implements AsyncDisposable {
  readonly #nats: NatsConnection;
  readonly #name: string;
  readonly #clock: Clock;
  readonly #inboxPrefix: string | undefined;
  readonly #tail: Tail | undefined;
  #manager: JetStreamManager | undefined;
  #consumer: { name: string; delivered: number } | undefined;
  /** The live way's consumer and its last message when the broker said that the stream is still that of the position. */
  #answer: { readonly of: string; readonly delivered: number } | undefined;
  #interrupt: () => void = () => {};
  /** Messages in the stream behind the last one that was read. */
  pending = 0;

  /** @param inboxPrefix where the connection may subscribe, when its permissions name a place. */
  constructor(nats: NatsConnection, stream: string, inboxPrefix?: string, tail?: Tail, clock: Clock = systemClock) {
    this.#nats = nats;
    this.#tail = tail;
    this.#inboxPrefix = inboxPrefix;
    this.#name = stream;
    this.#clock = clock;
  }

  async info(): Promise<StreamInfo> {
    return (await this.#api()).streams.info(this.#name);
  }

  /** The messages behind `after`, at least one unless `age_ms` has passed. */
  async next(after: Position, limits: PullLimits): Promise<Cut> {
    try {
      const shared = this.#tail && (await this.#share(this.#tail, after, limits));
      if (shared) return shared;
      const consumer = (this.#consumer ??= await this.#create(after));
      return await this.#pull(consumer, after, limits);
    } catch (cause) {
      await this.#forget();
      throw cause instanceof PullError ? cause : new PullError('The broker did not answer', { cause });
    }
  }

  /** Ends the request that is under way, with what has come. */
  interrupt(): void {
    this.#interrupt();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#forget();
  }

  /** What follows in the live way's tail; `undefined` when it is elsewhere in the stream. */
  async #share(tail: Tail, after: Position, limits: PullLimits): Promise<Cut | undefined> {
    if (!tail.last) return undefined;
    if (this.#answer?.of !== nameOf(tail.last, after)) await this.#ask(tail, after);
    if (!tail.reaches(after.seq)) return undefined;
    const interrupted = await this.#filled(tail, after, limits);
    const taken = this.#trusts(tail.last, after) ? tail.take(after.seq, limits) : undefined;
    if (!taken) return interrupted ? { stream: after.stream, from: after.seq + 1, to: after.seq, messages: [] } : undefined;
    // Silence may be that of a live way that is stuck.
    if (taken.messages.length === 0 && !interrupted && (await this.#checked(after)).state.last_seq > after.seq) return undefined;
    this.pending = tail.pending;
    await this.#forget();
    return { stream: after.stream, from: after.seq + 1, ...taken };
  }

  async #ask(tail: Tail, after: Position): Promise<void> {
    await this.#checked(after);
    this.#answer = { of: nameOf(tail.last!, after), delivered: tail.last!.delivered };
  }

  /** A consumer lives and dies with its stream: one that delivers after the answer reads the stream that the answer is about. */
  #trusts(last: Delivery, after: Position): boolean {
    return this.#answer?.of === nameOf(last, after) && last.delivered > this.#answer.delivered;
  }

  async #checked({ stream }: Position): Promise<StreamInfo> {
    const info = await this.info();
    if (identityOf(info) !== stream) throw new StreamChangedError(`${this.#name} was made anew`);
    return info;
  }

  /** Waits for a cut's worth, at most its age; tells whether it was interrupted. */
  #filled(tail: Tail, after: Position, limits: PullLimits): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (interrupted: boolean): void => {
        this.#interrupt = () => {};
        stopTimer();
        resolve(interrupted);
      };
      const stopTimer = this.#clock.setTimer(limits.age_ms, () => end(false));
      this.#interrupt = () => end(true);
      tail.whenFull(after.seq, limits, () => end(false));
    });
  }

  async #create(after: Position): Promise<{ name: string; delivered: number }> {
    const info = await (await this.#api()).consumers.add(this.#name, {
      ack_policy: AckPolicy.None,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: after.seq + 1,
      inactive_threshold: nanos(60_000),
      mem_storage: true,
      num_replicas: 1,
    });
    await this.#checked(after);
    return { name: info.name, delivered: 0 };
  }

  async #api(): Promise<JetStreamManager> {
    return (this.#manager ??= await jetstreamManager(this.#nats));
  }

  /** A consumer that is not used goes away by itself; deleting it is a courtesy. */
  async #forget(): Promise<void> {
    const consumer = this.#consumer;
    this.#consumer = undefined;
    if (consumer) this.#manager?.consumers.delete(this.#name, consumer.name).catch(() => {});
  }

  #pull(consumer: { name: string; delivered: number }, after: Position, limits: PullLimits): Promise<Cut> {
    return new Promise((resolve, reject) => {
      const messages: Decoded[] = [];
      let to = after.seq;
      const end = (error?: Error): void => {
        this.#interrupt = () => {};
        subscription.unsubscribe();
        stopTimer();
        if (error && messages.length === 0) reject(error);
        else {
          if (error) void this.#forget();
          resolve({ stream: after.stream, from: after.seq + 1, to, messages });
        }
      };
      const onMessage = (message: Msg): void => {
        const delivery = parseReply(message.reply);
        if (!delivery) return onStatus(message, end);
        if (delivery.delivered !== consumer.delivered + 1) return end(new PullError('Messages were lost on the way'));
        consumer.delivered = delivery.delivered;
        to = delivery.stream_seq;
        this.pending = delivery.pending;
        messages.push(decode({ subject: message.subject, data: message.data, stream_seq: to, received_ts: delivery.received_ts }));
        if (messages.length === limits.messages) end();
      };
      const subscription = this.#nats.subscribe(createInbox(this.#inboxPrefix), {
        callback: (error, message) => (error ? end(error) : onMessage(message)),
      });
      // The broker ends the request itself; silence beyond that is a connection that is gone.
      const stopTimer = this.#clock.setTimer(limits.age_ms + SILENCE_MS, () => end(new PullError('The broker fell silent')));
      this.#interrupt = end;
      const request = { batch: limits.messages, max_bytes: limits.bytes, expires: nanos(limits.age_ms) };
      this.#nats.publish(`$JS.API.CONSUMER.MSG.NEXT.${this.#name}.${consumer.name}`, JSON.stringify(request), {
        reply: subscription.getSubject(),
      });
    });
  }
}

const nameOf = ({ consumer }: Delivery, { stream }: Position): string => `${consumer} of ${stream}`;

/** The stream under this name is another one than before. */
export class StreamChangedError extends PullError {}

const SILENCE_MS = 2_000;

/** 404 and 408: nothing more within the time. 409: the byte limit was reached, or the consumer has gone. 503: no JetStream. */
function onStatus(message: Msg, end: (error?: Error) => void): void {
  const { code, description } = message.headers ?? {};
  if (code === 100) return;
  const done = code === 404 || code === 408 || (code === 409 && /maxbytes|batch completed/i.test(description ?? ''));
  end(done ? undefined : new PullError(`The broker refused: ${code} ${description}`));
}

/** `$JS.ACK.<stream>.<consumer>.<deliveries>.<stream seq>.<consumer seq>.<ns>.<pending>`, with a domain and an account before the stream. */
function parseReply(reply: string | undefined) {
  if (!reply?.startsWith('$JS.ACK.')) return undefined;
  const parts = reply.split('.');
  const at = parts.length > 9 ? 7 : 5;
  return {
    stream_seq: Number(parts[at]),
    delivered: Number(parts[at + 1]),
    // Nanoseconds pass what a number holds; the last six digits are cut off as text.
    received_ts: Number(parts[at + 2]!.slice(0, -6)),
    pending: Number(parts[at + 3]),
  };
}
