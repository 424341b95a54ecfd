import { GIB, type FleetGpu, type FleetRow } from '@vacancy/shared';
import { sortBy, type Ordering } from '../../state/order.js';
import { remembered } from '../../state/remembered.js';

/** One card with the server it sits in. */
export interface Card {
  /** `server:card` */
  id: string;
  row: FleetRow;
  gpu: FleetGpu;
}

export const CARD_KEYS = ['server', 'memory_free', 'gpu_type', 'utilization', 'temperature', 'power', 'users', 'idle', 'idle_rate_free8g', 'idle_rate_used10pct', 'held'] as const;
export type CardKey = (typeof CARD_KEYS)[number];

export interface CardFilter {
  text: string;
  /** A server's id. */
  server: string;
  gpu_type: string;
  /** Least free memory, GiB; 0 lets every card through. */
  free_gib: number;
  /** Only cards that are idle now, by this definition. */
  idle: '' | 'free8g' | 'used10pct';
}

type Value = string | number | null;

/** What a column sorts by, and the direction of its first click. */
export const CARD_SORT: Record<CardKey, { first: 'asc' | 'desc'; value: (card: Card) => Value }> = {
  server: { first: 'asc', value: ({ row }) => row.name },
  memory_free: { first: 'desc', value: ({ row, gpu }) => (row.online ? gpu.memory_free : null) },
  gpu_type: { first: 'asc', value: ({ gpu }) => gpu.gpu_type },
  utilization: { first: 'desc', value: ({ gpu }) => gpu.utilization },
  temperature: { first: 'desc', value: ({ gpu }) => gpu.temperature },
  power: { first: 'desc', value: ({ gpu }) => gpu.power },
  users: { first: 'asc', value: ({ gpu }) => (gpu.users.length ? gpu.users.join(', ') : null) },
  idle: { first: 'desc', value: ({ row, gpu }) => (row.online ? Number(gpu.idle.free8g) + Number(gpu.idle.used10pct) : null) },
  idle_rate_free8g: { first: 'desc', value: ({ gpu }) => gpu.idle_rate['60m'].free8g },
  idle_rate_used10pct: { first: 'desc', value: ({ gpu }) => gpu.idle_rate['60m'].used10pct },
  held: { first: 'asc', value: ({ gpu }) => gpu.held?.by ?? null },
};

const cardsOfRow = remembered((row: FleetRow): readonly Card[] => row.gpus.map((gpu) => ({ id: `${row.server}:${gpu.id}`, row, gpu })));

/** Cards of a row that did not change are the same objects as before. */
export const cardsOf = (rows: readonly FleetRow[]): Card[] => rows.flatMap(cardsOfRow);

/** A card of a silent server can be looked up, but it is neither free nor idle. */
export function filterCards(cards: readonly Card[], { text, server, gpu_type, free_gib, idle }: CardFilter): Card[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return cards.filter((card) => {
    const { row, gpu } = card;
    return (
      (server === '' || row.server === server) &&
      (gpu_type === '' || gpu.gpu_type === gpu_type) &&
      (free_gib <= 0 || (row.online && gpu.memory_free >= free_gib * GIB)) &&
      (idle === '' || (row.online && gpu.idle[idle])) &&
      words.every((word) => searchText(card).includes(word))
    );
  });
}

const searchText = remembered(({ row, gpu }: Card): string => [row.server, row.name, row.address, row.location, gpu.gpu_type, ...gpu.users, gpu.held?.by].filter(Boolean).join(' ').toLowerCase());

export function sortCards(cards: readonly Card[], key: CardKey, direction: 'asc' | 'desc', ordering: Ordering): Card[] {
  return sortBy(cards, CARD_SORT[key].value, ({ id }) => id, direction, ordering);
}

/** What one person has on the fleet's cards at this moment. */
export interface UserUse {
  user: string;
  cards: number;
  /** Cards on which others are, too. */
  shared_cards: number;
  /** Memory in use on cards that are this user's alone, bytes. */
  memory: number;
  /** Memory in use on shared cards, whole: who holds how much of it the fleet's rows do not say. */
  shared_memory: number;
  /** The user's part of all cards, a shared card divided evenly, 0–1. */
  share: number;
}

/** Most cards first. Cards of silent servers do not count: nobody knows who is on them now. */
export function useByUser(cards: readonly Card[]): UserUse[] {
  const online = cards.filter(({ row }) => row.online);
  const users = new Map<string, UserUse>();
  for (const { gpu } of online) {
    for (const user of gpu.users) {
      const use = users.get(user) ?? { user, cards: 0, shared_cards: 0, memory: 0, shared_memory: 0, share: 0 };
      const alone = gpu.users.length === 1;
      use.cards++;
      use.share += 1 / gpu.users.length / online.length;
      if (alone) use.memory += gpu.memory_used;
      else {
        use.shared_cards++;
        use.shared_memory += gpu.memory_used;
      }
      users.set(user, use);
    }
  }
  return [...users.values()].sort((a, b) => b.share - a.share || b.memory - a.memory || (a.user < b.user ? -1 : 1));
}

/** Cards whose memory is held while they do nothing, the largest holding first. */
export const occupiedIdle = (cards: readonly Card[]): Card[] =>
  cards.filter(({ row, gpu }) => row.online && gpu.occupied_idle).sort((a, b) => b.gpu.memory_used - a.gpu.memory_used || (a.row.server < b.row.server ? -1 : 1));
