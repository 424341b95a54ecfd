import { inject, readonly, shallowRef, type InjectionKey, type Ref, type ShallowRef } from 'vue';
import type { FleetRow, Overview } from '@vacancy/shared';
import type { Connection, LiveClient } from '../api/client.js';
import { FleetState } from '../state/fleet.js';
import { createCommitter, type Frames } from './commit.js';

export interface FleetView {
  overview: Overview | null;
  servers: readonly FleetRow[];
  /** Changes only when a server comes, goes, moves or is renamed, or one of its cards does. */
  cast: number;
  /** The service's time of the newest message, and when it was received here: together an age that needs no common clock. */
  ts: number | null;
  received_at: number;
}

export interface Fleet {
  view: Readonly<ShallowRef<FleetView>>;
  connection: Readonly<Ref<Connection>>;
  /** The service refused the subscription, with its reason. */
  refused: Readonly<Ref<string | null>>;
  dispose(): void;
}

/** Provided by `main.ts`, one for the application: every page shows the same fleet. */
export const FLEET: InjectionKey<Fleet> = Symbol('fleet');

export function useFleet(): Fleet {
  const fleet = inject(FLEET);
  if (!fleet) throw new Error('no fleet was provided to this application');
  return fleet;
}

export function createFleet(live: LiveClient, now: () => number = Date.now, frames?: Frames): Fleet {
  const state = new FleetState();
  const view = shallowRef<FleetView>({ overview: null, servers: [], cast: 0, ts: null, received_at: now() });
  const connection = shallowRef(live.connection);
  const refused = shallowRef<string | null>(null);
  let received_at = now();

  const committer = createCommitter(() => {
    view.value = { overview: state.overview, servers: [...state.rows.values()], cast: state.cast, ts: state.ts, received_at };
  }, frames);
  const received = (): void => {
    received_at = now();
    refused.value = null;
    committer.mark();
  };
  const stopFollowing = live.follow('fleet', {
    snapshot(snapshot) {
      if (snapshot.topic === 'fleet') state.snapshot(snapshot);
      received();
    },
    delta(delta) {
      if (delta.topic === 'fleet') state.delta(delta);
      received();
    },
    refused(error) {
      refused.value = error;
    },
  });
  const stopWatching = live.onConnection((next) => {
    // Nothing more comes: what the page calls old is to be all that it was told.
    if (next !== 'live') committer.flush();
    connection.value = next;
  });

  return {
    view,
    connection: readonly(connection),
    refused: readonly(refused),
    dispose() {
      committer.stop();
      stopFollowing();
      stopWatching();
    },
  };
}
