import { applyRow, type Delta, type FleetRow, type Overview, type RowDelta, type Snapshot } from '@vacancy/shared';
import { factsOf } from './facts.js';

/**
 * The fleet as the service last told it: a snapshot, then deltas on top. A row that changed is a new object and one that
 * did not is the same object as before, so that whoever draws can skip by identity.
 */
export class FleetState {
  readonly rows = new Map<string, FleetRow>();
  /** Goes up only when a server comes, goes, moves or is renamed, or one of its cards does: what depends on nothing else need not be worked out with every figure. */
  cast = 0;
  overview: Overview | null = null;
  /** The service's time of the newest message; `null` before the first. */
  ts: number | null = null;

  snapshot(snapshot: Snapshot & { topic: 'fleet' }): void {
    this.rows.clear();
    for (const row of snapshot.data.servers) this.rows.set(row.server, row);
    this.cast++;
    this.overview = snapshot.data.overview;
    this.ts = snapshot.ts;
  }

  /** A delta before any snapshot has nothing to stand on and is dropped. */
  delta(delta: Delta & { topic: 'fleet' }): void {
    if (this.ts === null) return;
    for (const id of delta.data.removed ?? []) if (this.rows.delete(id)) this.cast++;
    for (const change of delta.data.servers ?? []) this.#change(change);
    if (delta.data.overview) this.overview = delta.data.overview;
    this.ts = delta.ts;
  }

  #change(change: RowDelta<FleetRow>): void {
    const row = this.rows.get(change.server);
    // A server that was not there before comes with all its fields.
    const before = row ?? ({ server: change.server, gpus: [] } as unknown as FleetRow);
    const after = applyRow(before, change);
    this.rows.set(change.server, after);
    // Whoever draws will ask, and the frame that draws has more to do than the one that takes in a message.
    factsOf(after);
    if (!row || !isCastAs(row, after)) this.cast++;
  }
}

function isCastAs(a: FleetRow, b: FleetRow): boolean {
  if (a.name !== b.name || a.location !== b.location || a.gpus.length !== b.gpus.length) return false;
  for (let i = 0; i < a.gpus.length; i++) if (a.gpus[i]!.id !== b.gpus[i]!.id || a.gpus[i]!.gpu_type !== b.gpus[i]!.gpu_type) return false;
  return true;
}
