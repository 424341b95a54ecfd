import { MINUTE, SECOND, systemClock, type Alert, type Clock } from '@vacancy/shared';
import { chatMessage, type Brief } from '../deliver/chat.js';
import { sendMail } from '../deliver/mail.js';
import { postJson } from '../deliver/post.js';
import type { Delivery } from '../deliver/settings.js';
import type { Log } from '../log.js';
import { AND_MORE, TITLES, sentence } from './words.js';

export interface AlertDeliveryOptions {
  /** Those of them that want alerts are told. */
  readonly targets: readonly Delivery[];
  readonly allowPrivate: boolean;
  /** The address under which people reach the pages; null to leave the link out. */
  readonly public_url: string | null;
  readonly log: Log;
}

export interface AlertDelivery extends AsyncDisposable {
  deliver(alert: Alert): void;
  /** Resolves when nothing is being sent; what waits for its next try still waits. */
  idle(): Promise<void>;
}

/** A switch that fails takes a dozen servers with it: they are one message. Chat services take some twenty a minute. */
const GATHER_MS = 10 * SECOND;
const MOST_LINES = 20;
const STOP_WITHIN_MS = SECOND;
/** Waits before the tries after the first. Who was told twice is better off than who was not told. */
const AGAIN_MS = [30 * SECOND, 2 * MINUTE, 10 * MINUTE];

/** Sends alerts to where reports go, for those targets that want them. What waits when the service ends is lost; the list has it. */
export function createAlertDelivery({ targets, allowPrivate, public_url, log }: AlertDeliveryOptions, clock: Clock = systemClock): AlertDelivery {
  const wanting = targets.filter((target) => target.alerts);
  const timers = new Set<() => void>();
  const running = new Set<Promise<void>>();
  let gathered: Alert[] = [];

  let ended = false;
  const later = (ms: number, task: () => void): void => {
    if (ended) return;
    const cancel = clock.setTimer(ms, () => {
      timers.delete(cancel);
      task();
    });
    timers.add(cancel);
  };
  const run = (target: Delivery, alerts: readonly Alert[], [wait, ...rest]: readonly number[]): void => {
    const sending = send(target, alerts)
      .then(() => log.info({ target: target.name, alerts: alerts.length }, 'alerts delivered'))
      .catch((error: Error) => {
        log.warn({ target: target.name, reason: error.message }, 'alerts not delivered');
        if (wait !== undefined) later(wait, () => run(target, alerts, rest));
      })
      .finally(() => running.delete(sending));
    running.add(sending);
  };
  const send = (target: Delivery, alerts: readonly Alert[]): Promise<void> => {
    const brief = briefOf(alerts, target.lang, public_url && `${public_url.replace(/\/+$/, '')}/alerts`);
    if (target.kind === 'mail') {
      return sendMail(target, { to: target.to, subject: brief.title, text: [...brief.lines, ...(brief.link ? ['', brief.link] : [])].join('\n'), messageId: `<alert-${alerts[0]!.id.replace(/[^\w.-]/g, '-')}@vacancy.invalid>` });
    }
    const { url, body } = chatMessage(target, brief, { kind: 'alerts', alerts }, clock.now());
    return postJson(url, body, { allowPrivate, ...(target.kind === 'webhook' && target.secret && { secret: target.secret }) });
  };

  return {
    deliver(alert) {
      if (wanting.length === 0 || alert.kind === 'wish_granted') return;
      if (gathered.push(alert) > 1) return;
      later(GATHER_MS, () => {
        const alerts = gathered;
        gathered = [];
        for (const target of wanting) run(target, alerts, AGAIN_MS);
      });
    },
    async idle() {
      while (running.size > 0) await Promise.all(running);
    },
    async [Symbol.asyncDispose]() {
      ended = true;
      for (const cancel of timers) cancel();
      // A mail server that hangs must not keep the service from stopping.
      let cancel = (): void => {};
      await Promise.race([Promise.allSettled(running), new Promise<void>((done) => (cancel = clock.setTimer(STOP_WITHIN_MS, done)))]);
      cancel();
    },
  };
}

export function briefOf(alerts: readonly Alert[], lang: Delivery['lang'], link: string | null): Brief {
  const lines = alerts.slice(0, MOST_LINES).map((alert) => sentence(alert, lang));
  const more = alerts.length - lines.length;
  return { title: TITLES[lang](alerts.length), lines: more > 0 ? [...lines, AND_MORE[lang](more)] : lines, link };
}
