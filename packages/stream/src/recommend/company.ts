import { OCCUPIED_SHARE, type LiveGpu } from '@vacancy/shared';

/** A card that computes this much is in use, whatever it holds, percent. */
export const COMPUTES_FROM = 10;

/**
 * Whether somebody is on a card, however little is held so far: a job that has just started holds some hundred MiB while it reads
 * its data, and takes the rest a minute later.
 */
export const hasCompany = ({ memory_used, memory_total, processes, users, utilization }: LiveGpu): boolean =>
  memory_used >= OCCUPIED_SHARE * memory_total || processes.length > 0 || users.length > 0 || (utilization ?? 0) >= COMPUTES_FROM;
