import { createInbox, headers, type Msg, type NatsConnection, type Status } from '@nats-io/transport-node';
import { MINUTE, inventorySubject, messageId, sampleSubject, systemClock, type Clock, type Inventory } from '@vacancy/shared/plain';
import type { Log } from '../log.js';
import { clockOffset } from './clock-offset.js';
import { connectBroker, inboxPrefix, type BrokerOptions } from './connection.js';
import { sleep, Waker } from './waker.js';
import type { Entry, LaneName, Reading, Spool } from './spool.js';

export interface PublisherOptions extends BrokerOptions {
  /** Backlog samples sent in a second, at most. */
  readonly backfill_rate: number;
}

/** What the broker said to one message; `later` is everything that may go well another time. */
type Answer = 'stored' | 'later' | 'never';

const ACK_TIMEOUT_MS = 3_000;
const BACKOFF_MS = { first: 100, most: 5_000 };
/** A live lane this far behind after an outage becomes backlog, so that what is read now is sent now. */
const CATCH_UP = 30;
const OFFSET_EVERY_MS = 600_000;
/** Off by more than this, samples fall into the wrong minute now and then. */
const CLOCK_OFF_MS = 2_000;
/** JetStream's code for a message over the stream's size: it will be no smaller the next time. */
const TOO_LARGE = 10054;

/**
 * Sends what the spool holds, in two lanes at once: the running sequence as it is read, and what earlier sequences left
 * behind at a bounded rate. Each lane has one message under way and goes on when the broker has stored it: a failed one is sent
 * again before any later one, so every run is stored in order, and the message id lets the broker drop a second copy.
 * One at a time is enough: a lane does 1,000 samples a second at 1 ms to the broker, 10 at 100 ms.
 */
export class Publisher implements AsyncDisposable {
  readonly #spool: Spool;
  readonly #options: PublisherOptions;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #stop = new AbortController();
  readonly #wake = new Waker();
  readonly #answers = new Map<string, (answer: Answer) => void>();
  #nc: NatsConnection | null = null;
  #up = false;
  #measuring = new AbortController();
  #inbox = '';
  #inventory: { data: string; sent: boolean } | null = null;
  #offset: number | null = null;
  #complaint = { text: '', at: -Infinity };
  readonly #work: Promise<unknown>;

  /** Starts at once; a broker that is away is waited for. */
  constructor(spool: Spool, options: PublisherOptions, log: Log, clock: Clock = systemClock) {
    this.#spool = spool;
    this.#options = options;
    this.#log = log;
    this.#clock = clock;
    this.#work = Promise.all([this.#connection(), this.#lane('live'), this.#lane('backlog'), this.#inventories()]);
  }

  publish(reading: Reading): void {
    this.#spool.append(reading);
    this.#wake.all();
  }

  /** Sends the inventory now, and again after `publishInventory` is called with the same one. */
  publishInventory(inventory: Inventory): void {
    this.#inventory = { data: JSON.stringify(inventory), sent: false };
    this.#wake.all();
  }

  get connected(): boolean {
    return this.#up;
  }

  /** The broker's clock minus this one, ms; `null` where the broker does not say. */
  get clock_offset_ms(): number | null {
    return this.#offset;
  }

  /** Waits, at most `ms`, until nothing waits in the spool and the inventory is sent. */
  async drain(ms: number): Promise<boolean> {
    const end = this.#clock.now() + ms;
    while (this.#spool.stats().spool_messages > 0 || this.#inventory?.sent === false) {
      if (this.#clock.now() >= end || this.#stop.signal.aborted) return false;
      await sleep(20, this.#stop.signal, this.#clock);
    }
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#wake.all();
    this.#settle('later');
    await this.#nc?.close();
    await this.#work;
  }

  async #connection(): Promise<void> {
    for (let attempt = 0; !this.#stop.signal.aborted; attempt++) {
      try {
        await this.#use(await connectBroker(this.#options));
      } catch (cause) {
        if (attempt % 60 === 0) this.#log.warn({ err: cause, urls: this.#options.nats_url }, 'broker not reachable, samples wait in the spool');
        await sleep(Math.min(5_000, 250 * 2 ** Math.min(attempt, 5)) * (0.5 + Math.random()), this.#stop.signal, this.#clock);
      }
    }
  }

  /** Lives as long as the connection, which is until this publisher stops. */
  async #use(nc: NatsConnection): Promise<void> {
    if (this.#stop.signal.aborted) return nc.close();
    this.#nc = nc;
    this.#inbox = createInbox(inboxPrefix(this.#options.server));
    nc.subscribe(`${this.#inbox}.*.*`, { callback: (_error, message) => this.#acked(message) });
    this.#setUp(true);
    for await (const status of nc.status()) this.#changed(status);
    this.#setUp(false);
  }

  #changed(status: Status): void {
    if (status.type === 'reconnect') this.#setUp(true);
    if (status.type === 'disconnect' || status.type === 'close') this.#setUp(false);
    if (status.type === 'error') this.#complain(status.error);
  }

  /** A refused credential is refused again at every attempt; one line a minute says so. */
  #complain(error: Error): void {
    const now = this.#clock.now();
    if (error.message === this.#complaint.text && now - this.#complaint.at < MINUTE) return;
    this.#complaint = { text: error.message, at: now };
    this.#log.warn({ err: error }, 'broker refused something');
  }

  #setUp(up: boolean): void {
    if (up !== this.#up && !this.#stop.signal.aborted) this.#log.info({ ...this.#spool.stats() }, up ? 'connected to the broker' : 'lost the broker');
    this.#up = up;
    this.#measuring.abort();
    this.#measuring = new AbortController();
    if (up) void this.#measureOffset(this.#nc!, this.#measuring.signal);
    else this.#settle('later');
    this.#wake.all();
  }

  /** Until the connection is lost: a broker that comes and goes must not leave one of these behind each time. */
  async #measureOffset(nc: NatsConnection, lost: AbortSignal): Promise<void> {
    while (!lost.aborted) {
      const offset = await clockOffset(nc, this.#clock);
      this.#offset = offset;
      if (offset !== null && Math.abs(offset) > CLOCK_OFF_MS) this.#log.warn({ clock_offset_ms: offset }, "this machine's clock differs from the broker's: set up time synchronisation");
      if (offset === null) return; // this broker does not tell an agent the time; asking again would only fill its log
      await sleep(OFFSET_EVERY_MS, lost, this.#clock);
    }
  }

  async #lane(lane: LaneName): Promise<void> {
    let backoff = 0;
    while (!this.#stop.signal.aborted) {
      if (this.#up && lane === 'live' && this.#spool.waiting('live') > CATCH_UP) {
        this.#spool.startRun();
        this.#wake.all(); // the other lane has work now
      }
      const entry = this.#up ? this.#spool.peek(lane) : null;
      if (!entry) {
        await this.#wake.next(this.#stop.signal);
        continue;
      }
      const answer = await this.#send(entry);
      if (answer === 'stored') this.#spool.ack(lane, entry);
      if (answer === 'never') this.#spool.reject(lane, entry);
      backoff = answer === 'later' ? Math.min(BACKOFF_MS.most, Math.max(BACKOFF_MS.first, backoff * 2)) : 0;
      const pause = Math.max(backoff, lane === 'backlog' ? 1_000 / this.#options.backfill_rate : 0);
      if (pause && this.#up) await sleep(pause, this.#stop.signal, this.#clock);
    }
  }

  async #inventories(): Promise<void> {
    for (let attempt = 0; !this.#stop.signal.aborted; ) {
      const inventory = this.#inventory;
      if (!this.#up || !inventory || inventory.sent) {
        await this.#wake.next(this.#stop.signal);
        continue;
      }
      inventory.sent = (await this.#request(inventorySubject(this.#options.server), inventory.data, `inventory.${attempt++}`)) !== 'later';
      if (!inventory.sent) await sleep(1_000, this.#stop.signal, this.#clock);
    }
  }

  #send(entry: Entry): Promise<Answer> {
    const { server } = this.#options;
    const id = messageId({ server, boot_id: entry.boot_id, seq: entry.seq });
    return this.#request(sampleSubject(server), entry.data, `${entry.boot_id}.${entry.seq}`, id);
  }

  /** The acknowledgement's subject names the message, so that a late one still counts for it. */
  #request(subject: string, data: Uint8Array | string, key: string, id?: string): Promise<Answer> {
    return new Promise((resolve) => {
      const cancel = this.#clock.setTimer(ACK_TIMEOUT_MS, () => answer('later'));
      const answer = (value: Answer): void => {
        cancel();
        this.#answers.delete(key);
        resolve(value);
      };
      this.#answers.set(key, answer);
      try {
        const header = id === undefined ? undefined : headers();
        header?.set('Nats-Msg-Id', id!);
        this.#nc!.publish(subject, data, { reply: `${this.#inbox}.${key}`, ...(header ? { headers: header } : {}) });
      } catch (cause) {
        this.#log.warn({ err: cause }, 'cannot send');
        answer('later');
      }
    });
  }

  #acked(message: Msg): void {
    const key = message.subject.slice(this.#inbox.length + 1);
    this.#answers.get(key)?.(readAck(message, this.#log));
  }

  #settle(answer: Answer): void {
    for (const settle of [...this.#answers.values()]) settle(answer);
  }
}

/** Only a stream and a position in it mean that the message is stored. Status 503 is sent while no stream listens. */
function readAck(message: Msg, log: Log): Answer {
  if (message.headers?.code) return 'later';
  let ack: { stream?: unknown; seq?: unknown; error?: { err_code?: number } };
  try {
    ack = message.json();
  } catch {
    return 'later';
  }
  if (ack.error) log.warn({ error: ack.error }, 'broker did not store a message');
  if (ack.error) return ack.error.err_code === TOO_LARGE ? 'never' : 'later';
  return typeof ack.stream === 'string' && typeof ack.seq === 'number' ? 'stored' : 'later';
}
