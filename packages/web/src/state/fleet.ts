import { applyRow, type Delta, type FleetRow, type Overview, type RowDelta, type Snapshot } from '@vacancy/shared';

/**
 * The fleet as the service last told it: a snapshot, then deltas on top. A row that changed is a new object and one that
 * did not is the same object as before, so that whoever draws can skip by identity.
 */
export class FleetState {
  readonly rows = new Map<string, FleetRow>();
  overview: Overview | null = null;
  /** The service's time of the newest message; `null` before the first. */
  ts: number | null = null;

  snapshot(snapshot: Snapshot & { topic: 'fleet' }): void {
    this.rows.clear();
    for (const row of snapshot.data.servers) this.rows.set(row.server, row);
    this.overview = snapshot.data.overview;
    this.ts = snapshot.ts;
  }

  /** A delta before any snapshot has nothing to stand on and is dropped. */
  delta(delta: Delta & { topic: 'fleet' }): void {
    if (this.ts === null) return;
    for (const id of delta.data.removed ?? []) this.rows.delete(id);
    for (const change of delta.data.servers ?? []) this.#change(change);
    if (delta.data.overview) this.overview = delta.data.overview;
    this.ts = delta.ts;
  }

  #change(change: RowDelta<FleetRow>): void {
    const row = this.rows.get(change.server);
    // A server that was not there before comes with all its fields.
    const before = row ?? ({ server: change.server, gpus: [] } as unknown as FleetRow);
    this.rows.set(change.server, applyRow(before, change));
  }
}
