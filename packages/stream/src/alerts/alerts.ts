import { SECOND, systemClock, type Alert, type Alerts as AlertList, type Clock } from '@vacancy/shared';
import type { Log } from '../log.js';
import type { Keeper } from '../keeper.js';
import { AlertWatch, type AlertsState, type Seen } from './watch.js';

export interface AlertsOptions {
  /** What the screen shows now, and the time that it shows; null while it is being rebuilt after a start. */
  readonly see: () => (Seen & { readonly now: number }) | null;
  /** Told of every alert, once. */
  readonly push: (alert: Alert) => void;
  readonly keeper: Keeper<AlertsState>;
  readonly log: Log;
}

export interface Alerts extends AsyncDisposable {
  list(): AlertList;
  /** Tells an alert of another part. */
  tell(alert: Alert): void;
}

const LOOK_EVERY_MS = SECOND;

/** Looks at the live table once a second and tells what somebody should know. */
export async function createAlerts({ see, push, keeper, log }: AlertsOptions, clock: Clock = systemClock): Promise<Alerts> {
  const watch = new AlertWatch(await keeper.load());
  const save = (): Promise<void> => keeper.save(watch.state()).catch((error: unknown) => log.error({ err: error }, 'alerts cannot be saved'));
  const look = (): void => {
    const seen = see();
    const told = seen ? watch.look(seen, seen.now) : [];
    for (const alert of told) {
      log.info({ alert: alert.kind, server: alert.server }, alert.message);
      push(alert);
    }
    if (told.length > 0) void save();
  };
  let cancel = clock.setTimer(LOOK_EVERY_MS, function again() {
    look();
    cancel = clock.setTimer(LOOK_EVERY_MS, again);
  });
  return {
    list: () => watch.list(),
    tell(alert) {
      watch.tell(alert);
      push(alert);
      void save();
    },
    async [Symbol.asyncDispose]() {
      cancel();
      await save();
    },
  };
}
