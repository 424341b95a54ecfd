import { connect, headers, type NatsConnection } from '@nats-io/transport-node';
import { HOUR, inventorySubject, messageId, sampleSubject, systemClock, type Clock, type Inventory, type Sample } from '@vacancy/shared/plain';
import type { Log } from '../log.js';
import { createFleet, type FleetOptions } from './fleet.js';

export interface SimulatorOptions extends FleetOptions {
  readonly interval_ms: number;
  readonly log: Log;
  /** Where the broker is, unless a `connection` is given; a given one is left open. */
  readonly url?: string;
  readonly connection?: NatsConnection;
}

export interface Simulator extends AsyncDisposable {
  /** Samples acknowledged by JetStream, and samples given up after the broker was away too long. */
  readonly counts: { readonly acked: number; readonly dropped: number };
}

const ACK_TIMEOUT = 2_000;
const RETRY_AFTER = 500;
/** About half a minute without the broker; simulated samples are not worth a spool. */
const ATTEMPTS = 12;
/** After a pause of the machine, this many missed moments are still sent. */
const CATCH_UP = 10;

/** Publishes the samples of all simulated servers on every multiple of `interval_ms`, and their inventories at start and every hour. */
export async function startSimulator(options: SimulatorOptions, clock: Clock = systemClock): Promise<Simulator> {
  const { interval_ms, log } = options;
  const fleet = createFleet(options);
  const connection = options.connection ?? (await connectTo(options.url));
  const counts = { acked: 0, dropped: 0 };
  const busy = new Set<Promise<void>>();
  let stopped = false;
  let last = Math.floor(clock.now() / interval_ms) * interval_ms;
  let inventories_due = 0;
  let cancel = () => {};

  const send = (subject: string, message: Inventory | Sample, id?: string): void => {
    const done = publish(connection, subject, message, id, () => stopped, clock).then((acked) => {
      if (acked) counts.acked++;
      else counts.dropped++;
    });
    busy.add(done);
    void done.finally(() => busy.delete(done));
  };
  const tick = (): void => {
    const now = clock.now();
    if (now >= inventories_due) {
      for (const inventory of fleet.inventories) send(inventorySubject(inventory.server), inventory);
      inventories_due = now + HOUR;
    }
    last = Math.max(last, now - now % interval_ms - CATCH_UP * interval_ms);
    while (last + interval_ms <= now) {
      last += interval_ms;
      for (const server of fleet.servers) {
        const sample = fleet.sampleAt(server, last, interval_ms);
        if (sample) send(sampleSubject(server), sample, messageId(sample));
      }
    }
    cancel = clock.setTimer(last + interval_ms - clock.now(), tick);
  };
  tick();
  log.info({ servers: fleet.servers.length, interval_ms }, 'simulator started');

  return {
    counts,
    async [Symbol.asyncDispose]() {
      stopped = true;
      cancel();
      await Promise.all(busy);
      if (!options.connection) await connection.close();
      log.info(counts, 'simulator stopped');
    },
  };
}

const connectTo = (servers = '127.0.0.1:4222'): Promise<NatsConnection> =>
  connect({ servers, name: 'vacancy-simulator', maxReconnectAttempts: -1, waitOnFirstConnect: true, noAsyncTraces: true });

/** Sends until JetStream has it: the same message id makes repeats harmless. */
async function publish(
  connection: NatsConnection, subject: string, message: unknown, id: string | undefined, given_up: () => boolean, clock: Clock,
): Promise<boolean> {
  const data = JSON.stringify(message);
  const extra = headers();
  if (id) extra.set('Nats-Msg-Id', id);
  for (let attempt = 0; attempt < ATTEMPTS && !connection.isClosed(); attempt++) {
    if (attempt) await new Promise<void>((done) => clock.setTimer(RETRY_AFTER, done));
    try {
      const ack = await connection.request(subject, data, { timeout: ACK_TIMEOUT, headers: extra });
      if (!ack.json<{ error?: unknown }>().error) return true;
    } catch {
      // No stream yet, no broker, or a lost answer: the next attempt tells, and what stays unsent is counted.
    }
    if (given_up()) return false;
  }
  return false;
}
