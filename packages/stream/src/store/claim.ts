import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { RequestError, type NatsConnection, type Subscription } from '@nats-io/transport-node';
import { SECOND, systemClock, type Clock } from '@vacancy/shared';

/** Another service stores the same stream into the same database; the message is for people. */
export class ClaimedError extends Error {
  override readonly name = 'ClaimedError';
}

interface Claimant {
  readonly id: string;
  readonly who: string;
  /** When it began to store, or to wait for that. */
  readonly since: number;
}

/** Who answered; `silent`: somebody listens and says nothing. */
type Answer = Claimant | 'nobody' | 'silent';

const ANSWER_MS = SECOND;
const ASK_EVERY_MS = 5 * SECOND;
/** A process that was held up for this long may have been taken for dead. */
const DOUBT_MS = 2 * ASK_EVERY_MS;
/** One that stores may be too busy to answer at once; with the pauses between attempts these are a quarter of a minute. */
const SILENCES = 5;

/**
 * Sees to it that one service at a time stores a stream into a database: two would store every sample twice, since each keeps its
 * own position and its own memory of what it stored.
 *
 * They ask each other over the broker, which both read from: who stores answers, and of those that want to, the one that came first.
 * Who stores asks as well: one that was stopped or cut off for so long that it was taken for dead hears of its successor and steps back.
 */
export class Claim implements AsyncDisposable {
  readonly #nats: NatsConnection;
  readonly #clock: Clock;
  readonly #onLost: () => void;
  readonly #place: string;
  #me: Claimant;
  #waiting: Subscription | undefined;
  #storing: Subscription | undefined;
  #silences = 0;
  #asked = -Infinity;
  #stop: () => void = () => {};

  /** @param place names the database: letters, digits, `-` and `_` */
  constructor(nats: NatsConnection, place: string, onLost: () => void, clock: Clock = systemClock) {
    this.#nats = nats;
    this.#place = place;
    this.#clock = clock;
    this.#onLost = onLost;
    this.#me = { id: randomUUID(), who: `${hostname()}, process ${process.pid}`, since: clock.now() };
  }

  /** @throws ClaimedError while somebody else stores, or comes first. */
  async take(): Promise<void> {
    if (this.#storing && (await this.confirm())) return;
    this.#waiting ??= this.#listen('waiting', (other) => before(this.#me, other));
    const storing = await this.#ask('storing');
    this.#silences = storing === 'silent' ? this.#silences + 1 : 0;
    if (typeof storing === 'object') throw new ClaimedError(sentence(storing.who));
    if (storing === 'silent' && this.#silences < SILENCES) throw new ClaimedError(sentence('it does not answer'));
    const first = await this.#ask('waiting');
    if (typeof first === 'object') throw new ClaimedError(sentence(first.who));
    this.#me = { ...this.#me, since: this.#clock.now() };
    this.#storing = this.#listen('storing', () => true);
    this.#asked = this.#clock.now();
    this.#watch();
  }

  /** Whether it may still store; asks again where too much time has passed since it last asked. */
  async confirm(): Promise<boolean> {
    if (!this.#storing) this.#onLost();
    else if (this.#clock.now() - this.#asked > DOUBT_MS) await this.#check();
    return this.#storing !== undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop();
    this.#storing?.unsubscribe();
    this.#waiting?.unsubscribe();
  }

  #listen(what: 'storing' | 'waiting', answers: (other: Claimant) => boolean): Subscription {
    return this.#nats.subscribe(this.#subject(what), {
      callback: (error, message) => {
        const other = error ? undefined : message.json<Claimant>();
        if (other && other.id !== this.#me.id && answers(other)) message.respond(JSON.stringify(this.#me));
      },
    });
  }

  async #ask(what: 'storing' | 'waiting'): Promise<Answer> {
    try {
      return (await this.#nats.request(this.#subject(what), JSON.stringify(this.#me), { timeout: ANSWER_MS })).json<Claimant>();
    } catch (error) {
      return error instanceof RequestError && error.isNoResponders() ? 'nobody' : 'silent';
    }
  }

  #subject(what: 'storing' | 'waiting'): string {
    return `vacancy.v1.${what}.${this.#place}`;
  }

  #watch(): void {
    this.#stop = this.#clock.setTimer(ASK_EVERY_MS, () => void this.#check().then(() => this.#storing && this.#watch()));
  }

  /** Of two that store the later one has seen what the earlier one stored. */
  async #check(): Promise<void> {
    const other = await this.#ask('storing');
    this.#asked = this.#clock.now();
    if (!this.#storing || typeof other !== 'object' || before(other, this.#me)) return;
    this.#stop();
    this.#storing.unsubscribe();
    this.#storing = undefined;
    this.#me = { ...this.#me, since: this.#clock.now() };
    this.#onLost();
  }
}

const before = (a: Claimant, b: Claimant): boolean => a.since < b.since || (a.since === b.since && a.id < b.id);

const sentence = (who: string): string =>
  `Another stream service stores into this database (${who}). This one shows what is live, and stores when that one has ended.`;
