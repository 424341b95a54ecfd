import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { Subject } from 'rxjs';
import { INVENTORY_STREAM, SAMPLES_STREAM, decodeInventory, systemClock, type Clock, type Inventory, type Millis } from '@vacancy/shared';
import { consume, latestPerSubject } from '../ingest/consume.js';
import { decode, type Message, type Received } from '../ingest/decode.js';
import type { Delivery, Tail } from '../ingest/tail.js';

export interface FeedOptions {
  readonly nats: NatsConnection;
  /** How far back windows look: what a restart reads again, ms. */
  readonly horizon_ms: number;
  /** Gets what is read here, for the storing way. */
  readonly tail?: Tail | undefined;
}

/**
 * The live way of a sample: everything the broker received since the longest window began, then what arrives.
 *
 * `clock` tells the time up to which the stream has been read: while messages are waiting, when the broker received the last
 * one that was read; else the present. Windows and silence are judged by it, so that a replay after a start leaves what an
 * uninterrupted run would have, and a service that is behind does not call servers silent that are not.
 */
export class LiveFeed implements AsyncDisposable {
  readonly samples = new Subject<Received>();
  readonly inventories = new Subject<Inventory>();
  readonly clock: Clock;
  received = 0;
  rejected = 0;
  readonly #options: FeedOptions;
  readonly #wall: Clock;
  readonly #open: AsyncDisposable[] = [];
  /** When the broker received the last message that was read, while more are waiting. */
  #behind: Millis | null;
  #warm = false;

  constructor(options: FeedOptions, wall: Clock = systemClock) {
    this.#options = options;
    this.#wall = wall;
    this.#behind = wall.now() - options.horizon_ms;
    this.clock = {
      now: () => this.#behind ?? wall.now(),
      setTimer: (ms, task) => wall.setTimer(ms, task),
    };
  }

  /** False until the replay after a start has reached the present. */
  get warm(): boolean {
    return this.#warm;
  }

  /** How far the screen is behind the broker, ms. */
  get lag_ms(): number {
    return this.#behind === null ? 0 : Math.max(0, this.#wall.now() - this.#behind);
  }

  /** @param seed takes the newest sample of every server, also of those silent for longer than the horizon. */
  async start(seed: (sample: Received) => void): Promise<void> {
    const { nats, horizon_ms } = this.#options;
    const since = this.#wall.now() - horizon_ms;
    this.#open.push(await consume(nats, { stream: INVENTORY_STREAM, from: 'all', onMessage: (message) => this.#describe(message) }));
    for await (const message of latestPerSubject(nats, SAMPLES_STREAM)) {
      const decoded = decode(message);
      if (decoded.ok) seed(decoded.value);
    }
    const { state } = await (await jetstreamManager(nats)).streams.info(SAMPLES_STREAM);
    if (state.messages === 0 || Date.parse(state.last_ts) < since) this.#readUpTo(null);
    const onMessage = (message: Message, delivery: Delivery): void => {
      this.#sample(message, delivery);
      this.#readUpTo(delivery.pending > 0 ? message.received_ts : null);
    };
    this.#open.push(await consume(nats, { stream: SAMPLES_STREAM, from: { received_ts: since }, onMessage }));
  }

  #readUpTo(received_ts: Millis | null): void {
    this.#behind = received_ts;
    this.#warm ||= received_ts === null;
  }

  #sample(message: Message, delivery: Delivery): void {
    this.received++;
    const decoded = decode(message);
    this.#options.tail?.add(message.stream_seq, message.data.length, decoded, delivery);
    if (decoded.ok) this.samples.next(decoded.value);
    else this.rejected++;
  }

  #describe(message: Message): void {
    const decoded = decodeInventory(message.subject, message.data);
    if (decoded.ok) this.inventories.next(decoded.value);
    else this.rejected++;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const consumer of this.#open.reverse()) await consumer[Symbol.asyncDispose]();
    this.samples.complete();
    this.inventories.complete();
  }
}
