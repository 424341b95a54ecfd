import type { Limits } from './database.js';
import type { ReaderLimits } from './reader.js';

/** What the parent tells the child, once. */
export interface Start {
  readonly dataDir: string;
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly limits: Limits;
  readonly readers: ReaderLimits;
}

/** What the child tells the parent. `alive` follows a query that the engine answered. */
export type Report =
  | { readonly type: 'ready'; readonly port: number }
  | { readonly type: 'alive' }
  | { readonly type: 'failed'; readonly message: string };

/** How often the child proves that the engine answers. */
export const HEARTBEAT_MS = 2_000;

/** How long a stop may take; running inserts are waited for that long. */
export const STOP_MS = 4_000;
