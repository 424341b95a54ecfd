import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { HOUR, SECOND, inventorySubject, messageId, sampleSubject, type Clock, type Inventory } from '@vacancy/shared';
import type { Log } from '../log.js';
import { MAX_CREDENTIALS, type Account, type Accounts } from './accounts.js';
import type { Attempts } from './attempts.js';
import { LineReader } from './lines.js';
import { translate } from './update.js';

/** Hands a message to the broker: JSON text, and for samples the message id. Rejects when the broker doesn't have it. */
export type Publish = (subject: string, data: string, message_id?: string) => Promise<unknown>;

export interface ServerStatusCounts {
  logins: number;
  /** Wrong passwords, and logins not even looked at because there were too many. */
  refused: number;
  samples: number;
  /** Updates that were not translated: broken, or more than a client sends. */
  ignored: number;
  /** Samples that the broker did not take: these clients have no spool. */
  lost: number;
}

/** What sessions of one listener share. */
export interface Surroundings {
  readonly accounts: Accounts;
  readonly attempts: Attempts;
  readonly publish: Publish;
  readonly log: Log;
  readonly clock: Clock;
  readonly counts: ServerStatusCounts;
  /** The session that has just logged in as this user: an older one gives way. */
  entered(user: string, session: Session): void;
  left(session: Session): void;
}

const LOGIN_DEADLINE = 5 * SECOND;
/** Stock servers cut after 15 to 20 s, so that a client with INTERVAL=20 comes and goes for ever. */
const IDLE_DEADLINE = 60 * SECOND;
/** The client compares what one recv() returns: the banner must not come in the same segment as the welcome. */
const PAUSE = 40;
const MAX_LINE = 64 * 1024;
/** Answers that a client asked for and does not read. */
const MAX_UNREAD = 64 * 1024;
/** Updates a second in the long run, and at once after a stall. */
const RATE = 10;
const BURST = 60;
/** Messages on their way to a slow broker: a whole burst fits. */
const MAX_UNDERWAY = 2 * BURST;

/**
 * One client, through three phases: it owes its credentials; they are being checked; it reports.
 * After the banner stock clients never read again, so nothing more is sent unless they ask (`pong on`).
 */
export class Session {
  readonly #socket: Socket;
  readonly #around: Surroundings;
  readonly #address: string;
  readonly #lines = new LineReader();
  readonly #boot_id = randomBytes(16).toString('hex');
  #phase: 'credentials' | 'checking' | 'reporting' | 'over' = 'credentials';
  #user = '';
  #account: Account | null = null;
  #seq = 0;
  #last_ts: number | null = null;
  #inventory = '';
  #inventory_ts = 0;
  #pong = false;
  #allowance = BURST;
  #allowance_ts = 0;
  #underway = 0;
  #cancel = () => {};

  constructor(socket: Socket, around: Surroundings) {
    this.#socket = socket;
    this.#around = around;
    this.#address = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
    socket.setNoDelay(true).setKeepAlive(true, 10 * SECOND);
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('error', () => {}); // 'close' follows
    socket.on('close', () => this.#end());
    this.#within(LOGIN_DEADLINE, 'Authentication timeout.');
    socket.write('Authentication required:\n');
  }

  get user(): string {
    return this.#user;
  }

  /** It has not shown yet who it is. */
  get waiting(): boolean {
    return this.#phase === 'credentials';
  }

  /** Says why and hangs up. */
  close(reason: string): void {
    if (this.#phase === 'over') return;
    this.#end();
    this.#socket.write(`${reason}\n`);
    this.#socket.resume().destroySoon();
  }

  #end(): void {
    if (this.#phase === 'over') return;
    this.#phase = 'over';
    this.#cancel();
    this.#around.left(this);
  }

  #within(ms: number, otherwise: string): void {
    this.#cancel();
    this.#cancel = this.#around.clock.setTimer(ms, () => this.close(otherwise));
  }

  #receive(chunk: Buffer): void {
    if (this.#phase === 'over') return;
    const lines = this.#lines.push(chunk, this.#phase === 'reporting' ? MAX_LINE : MAX_CREDENTIALS);
    if (!lines) return this.close('Line too long.');
    for (const line of lines) {
      if (this.#phase === 'credentials') void this.#login(line);
      else if (this.#phase === 'reporting') this.#command(line);
    }
  }

  async #login(line: string): Promise<void> {
    const colon = line.indexOf(':');
    const user = colon === -1 ? line : line.slice(0, colon);
    const { attempts, counts, log } = this.#around;
    this.#phase = 'checking';
    this.#cancel();
    this.#socket.pause();
    const account = await attempts.inTurn(this.#address, () => this.#check(user, line.slice(user.length + 1)));
    if ((this.#phase as string) === 'over') return; // hung up meanwhile
    if (account === 'banned') {
      counts.refused++;
      return this.close('You have been banned for 1 minute (too many wrong passwords).');
    }
    if (!account) {
      counts.refused++;
      log.warn({ address: this.#address }, 'login refused');
      return this.close('Wrong username and/or password.');
    }
    this.#welcome(user, account);
  }

  async #check(user: string, password: string): Promise<Account | null | 'banned'> {
    const { accounts, attempts, log } = this.#around;
    if ((this.#phase as string) === 'over') return null;
    if (!attempts.allowed(this.#address, user)) return 'banned';
    try {
      const account = await accounts.verify(user, password);
      if (!account) attempts.failed(this.#address, user);
      return account;
    } catch (error) {
      log.error({ err: error }, 'accounts cannot be read');
      return null;
    }
  }

  #welcome(user: string, account: Account): void {
    this.#user = user;
    this.#account = account;
    this.#phase = 'reporting';
    this.#around.counts.logins++;
    this.#around.entered(user, this);
    this.#within(IDLE_DEADLINE, 'Timeout.');
    this.#socket.write('Authentication successful. Access granted.\n');
    this.#around.clock.setTimer(PAUSE, () => {
      if (this.#phase !== 'reporting') return;
      this.#socket.write(`You are connecting via: ${this.#address.includes(':') ? 'IPv6' : 'IPv4'}\n`);
      this.#socket.resume();
    });
  }

  #command(line: string): void {
    this.#within(IDLE_DEADLINE, 'Timeout.');
    const [verb = ''] = line.split(' ', 1);
    const rest = line.slice(verb.length).trim();
    if (line.startsWith('update')) this.#answer(this.#update(line.slice('update'.length).trim()));
    else if (verb === 'pong' && /^(on|1|off|0)$/.test(rest)) {
      this.#pong = rest === 'on' || rest === '1';
      this.#answer(true);
    } else if (verb === 'logout') this.close('Bye.');
    else this.#answer(false);
  }

  #answer(accepted: boolean): void {
    if (!this.#pong) return;
    if (this.#socket.writableLength > MAX_UNREAD) return this.close('Read your answers.');
    this.#socket.write(accepted ? '0\n' : '1\n');
  }

  #update(json: string): boolean {
    const { clock, counts, log } = this.#around;
    const ts = clock.now();
    if (!this.#within_rate(ts)) {
      counts.ignored++;
      return false;
    }
    const update = translate(json, {
      server: this.#user, account: this.#account!, address: this.#address,
      boot_id: this.#boot_id, seq: this.#seq, ts, interval_ms: this.#interval(ts),
    });
    if (!update.ok) {
      counts.ignored++;
      log.debug({ server: this.#user, reason: update.error }, 'update ignored');
      return false;
    }
    const { sample, inventory } = update.value;
    this.#seq++;
    this.#last_ts = ts;
    this.#send(sampleSubject(this.#user), JSON.stringify(sample), messageId(sample));
    this.#describe(inventory, ts);
    return true;
  }

  /** The time since the update before; the first one of stock clients covers their default of a second. */
  #interval(ts: number): number {
    return this.#last_ts === null ? SECOND : Math.min(IDLE_DEADLINE, Math.max(1, ts - this.#last_ts));
  }

  #within_rate(ts: number): boolean {
    // A clock set back takes nothing away.
    this.#allowance = Math.min(BURST, this.#allowance + (Math.max(0, ts - this.#allowance_ts) / SECOND) * RATE);
    this.#allowance_ts = ts;
    if (this.#allowance < 1) return false;
    this.#allowance--;
    return true;
  }

  /** The inventory goes out at the first update, on change and every hour, as an agent's does. */
  #describe(inventory: Inventory, ts: number): void {
    const data = JSON.stringify(inventory);
    if (data === this.#inventory && ts - this.#inventory_ts < HOUR) return;
    this.#inventory = data;
    this.#inventory_ts = ts;
    this.#send(inventorySubject(this.#user), data);
  }

  #send(subject: string, data: string, message_id?: string): void {
    const { counts, log, publish } = this.#around;
    if (this.#underway >= MAX_UNDERWAY) {
      counts.lost++;
      return;
    }
    this.#underway++;
    publish(subject, data, message_id).then(
      () => {
        this.#underway--;
        if (message_id) counts.samples++;
      },
      (error: unknown) => {
        this.#underway--;
        counts.lost++;
        if (!message_id) this.#inventory = ''; // said again with the next update
        log.debug({ err: error, server: this.#user }, 'the broker did not take a message');
      },
    );
  }
}
