import type { NatsConnection } from '@nats-io/transport-node';
import { HOUR, inventorySubject, messageId, sampleSubject, systemClock, type Clock } from '@vacancy/shared/plain';
import type { Log } from '../log.js';
import { connectBroker, publish, type Broker, type Outgoing } from './broker.js';
import { createFleet, type FleetOptions } from './fleet.js';

export interface SimulatorOptions extends FleetOptions {
  readonly interval_ms: number;
  readonly log: Log;
  /** The broker, or a connection to it, which is then left open at the end. */
  readonly broker: Broker | NatsConnection;
}

export interface Simulator extends AsyncDisposable {
  /** Messages acknowledged by JetStream, and those given up after the broker was away too long. */
  readonly counts: { readonly acked: number; readonly dropped: number };
}

/** After a pause of the machine, this many missed moments are still sent. */
const CATCH_UP = 10;

/** Publishes the samples of all simulated servers on every multiple of `interval_ms`, and their inventories at start and every hour. */
export async function startSimulator(options: SimulatorOptions, clock: Clock = systemClock): Promise<Simulator> {
  const { broker, interval_ms, log } = options;
  const fleet = createFleet(options);
  const connection = 'url' in broker ? await connectBroker(broker) : broker;
  const counts = { acked: 0, dropped: 0 };
  const busy = new Set<Promise<void>>();
  let stopped = false;
  let last = Math.floor(clock.now() / interval_ms) * interval_ms;
  let inventories_due = 0;
  let cancel = () => {};

  const send = (message: Outgoing): void => {
    const done = publish(connection, message, () => !stopped, clock).then((acked) => {
      counts[acked ? 'acked' : 'dropped']++;
    });
    busy.add(done);
    void done.finally(() => busy.delete(done));
  };
  const describe = (now: number): void => {
    if (now < inventories_due) return;
    for (const inventory of fleet.inventories) send({ subject: inventorySubject(inventory.server), data: JSON.stringify(inventory) });
    inventories_due = now + HOUR;
  };
  const tick = (): void => {
    const now = clock.now();
    describe(now);
    last = Math.max(last, now - (now % interval_ms) - CATCH_UP * interval_ms);
    while (last + interval_ms <= now) {
      last += interval_ms;
      for (const server of fleet.servers) {
        const sample = fleet.sampleAt(server, last, interval_ms);
        if (sample) send({ subject: sampleSubject(server), data: JSON.stringify(sample), id: messageId(sample) });
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
      if ('url' in broker) await connection.close();
      log.info(counts, 'simulator stopped');
    },
  };
}
