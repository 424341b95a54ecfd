import { io } from 'socket.io-client';
import type { Delta } from '@vacancy/shared';
import type { Shown } from '../web/browser.js';
import type { Published } from './targets.js';

/** A target's value that reached its reader. */
export interface Arrived {
  readonly server: string;
  readonly cpu: number;
  readonly at: number;
}

/** Runs in the page before its own code: notes when a target's CPU figure has changed and two frames have begun since, the second one after the paint. */
export function notePaints(): void {
  const noted: Arrived[] = [];
  const shown = new Map<string, string>();
  Object.assign(globalThis, { takePaints: () => noted.splice(0) });
  const look = (): void => {
    const changed: { server: string; cpu: number }[] = [];
    for (const row of document.querySelectorAll<HTMLElement>('tr[data-server^="target-"]')) {
      const server = row.dataset['server']!;
      const text = row.querySelector('[data-field="cpu"] .text')!.textContent!;
      if (shown.get(server) === text) continue;
      shown.set(server, text);
      changed.push({ server, cpu: Number.parseInt(text) });
    }
    if (changed.length > 0) requestAnimationFrame(() => requestAnimationFrame(() => changed.forEach((one) => noted.push({ ...one, at: Date.now() }))));
  };
  new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true });
}

export const takePaints = ({ page }: Shown): Promise<Arrived[]> => page.evaluate(() => (globalThis as unknown as { takePaints: () => Arrived[] }).takePaints());

export interface Socketed extends Arrived {
  /** The service's time of the message. */
  readonly sent: number;
}

/** One more subscriber, which takes messages apart: when a value reaches a socket, whatever a browser makes of it. */
export function startProbe(url: string): AsyncDisposable & { take(): Socketed[]; takeSent(): number[] } {
  let times: number[] = [];
  const socket = io(url, { transports: ['websocket'] });
  let seen: Socketed[] = [];
  socket.on('connect', () => socket.emit('subscribe', { topic: 'fleet' }));
  socket.on('delta', ({ topic, ts, data }: Delta) => {
    if (topic !== 'fleet') return;
    const at = Date.now();
    times.push(ts);
    for (const { server, cpu } of data.servers ?? []) if (server.startsWith('target-') && cpu !== undefined) seen.push({ server, cpu, at, sent: ts });
  });
  return {
    take() {
      const taken = seen;
      seen = [];
      return taken;
    },
    /** When the service sent what it has sent since the question before. */
    takeSent() {
      const taken = times;
      times = [];
      return taken;
    },
    async [Symbol.asyncDispose]() {
      socket.disconnect();
    },
  };
}

export interface Latencies {
  readonly ms: number[];
  /** Values that a newer one replaced before they arrived: their time is counted up to the newer one. */
  readonly overtaken: number;
}

/**
 * How long each published value took; for ever, when neither it nor a newer one arrived.
 * @param published in the order of time, and so `arrived`
 */
export function latencies(published: readonly Published[], arrived: readonly Arrived[], time: (one: number) => number = (index) => arrived[index]!.at): Latencies {
  const ms: number[] = [];
  let overtaken = 0;
  for (const { server, cpu, at } of published) {
    const index = arrived.findIndex((one) => one.server === server && one.at >= at && (one.cpu === cpu || isLater(published, one, at)));
    if (index < 0) {
      ms.push(Infinity);
      continue;
    }
    if (arrived[index]!.cpu !== cpu) overtaken++;
    ms.push(time(index) - at);
  }
  return { ms, overtaken };
}

/** Whether what arrived was published after `at`, so that what was published then can no longer arrive. */
const isLater = (published: readonly Published[], one: Arrived, at: number): boolean =>
  published.some(({ server, cpu, at: then }) => server === one.server && cpu === one.cpu && then > at && then <= one.at);
