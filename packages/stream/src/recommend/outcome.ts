import { MINUTE, type Candidate, type LiveGpu, type LiveRow } from '@vacancy/shared';
import { sameName } from './holds.js';
import { isFresh } from './rank.js';
import { promisedBytes, type CardRequest } from './request.js';

export const JUDGED_AFTER_MS = 10 * MINUTE;
/** Judged later than this (the service was away), the moment that counts has passed unseen. */
export const JUDGED_WITHIN_MS = MINUTE;

export type Outcome = 'still_free' | 'taken_by_asker' | 'taken_by_other' | 'gone' | 'unknown';

/** What is remembered of a recommendation until it is judged. */
export interface Pending {
  readonly id: string;
  readonly asked_ts: number;
  readonly asked_by: string;
  readonly ordering: CardRequest['order'];
  readonly server: string;
  readonly steadiness: number | null;
  readonly cards: readonly { readonly id: number; readonly promised: number; readonly users: readonly string[] }[];
}

export const dueAt = (pending: Pending): number => pending.asked_ts + JUDGED_AFTER_MS;

/**
 * What became of recommended cards, or `null` while it cannot be said yet: a server that is not there gets a minute, because
 * right after a restart nobody is. Taken by the asker counts as soon as the asker is newly on one of the cards, whatever is
 * left free; for an asker without a name every taker is somebody else.
 * @param watching since when the live table has been filled, Unix ms
 */
export function judge(pending: Pending, row: LiveRow | undefined, now: number, watching: number): Outcome | null {
  const late = now - dueAt(pending) > JUDGED_WITHIN_MS;
  const cards = row && row.online && isFresh(row, now) ? pending.cards.map((card) => ({ before: card, now: cardOf(row, card.id) })) : [];
  if (cards.length === 0 || cards.some((card) => card.now === undefined)) {
    if (!late) return null;
    return watching <= dueAt(pending) ? 'gone' : 'unknown';
  }
  if (late) return 'unknown';
  if (cards.some(({ before, now: card }) => has(card!.users, pending.asked_by) && !has(before.users, pending.asked_by))) return 'taken_by_asker';
  return cards.every(({ before, now: card }) => card!.memory_free >= before.promised) ? 'still_free' : 'taken_by_other';
}

const has = (users: readonly string[], name: string): boolean => name !== '' && users.some((user) => sameName(user, name));

export function toPending(id: string, request: CardRequest, asked_by: string, first: Candidate, row: LiveRow, now: number): Pending {
  const users = (gpu: number): readonly string[] => cardOf(row, gpu)?.users ?? [];
  return {
    id, asked_ts: now, asked_by, ordering: request.order, server: first.server, steadiness: first.steadiness,
    cards: first.gpus.map((card) => ({ id: card.id, promised: promisedBytes(request, card.memory_free), users: users(card.id) })),
  };
}

export const cardOf = (row: LiveRow, gpu: number): LiveGpu | undefined => row.gpus.find((card) => card.id === gpu);
