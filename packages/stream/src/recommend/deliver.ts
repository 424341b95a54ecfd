import { HOUR, systemClock, type Alert, type Clock, type Wish } from '@vacancy/shared';
import { sendMail, type MailServer } from '../deliver/mail.js';
import { postJson } from '../deliver/post.js';
import type { Target } from '../deliver/targets.js';

/** Tells somebody that a wish came true; rejects when it could not, with `retryable` when nobody has been told and another try may help. */
export type Deliver = (target: Target, wish: Wish) => Promise<void>;

export interface DeliverOptions {
  /** To everybody who looks at a page. */
  readonly alert: (alert: Alert) => void;
  readonly allowPrivate: boolean;
  readonly mail: MailServer | null;
  /** The address under which people reach the pages; null to leave the link out. */
  readonly public_url: string | null;
}

/** Wishes are anybody's, and so are the addresses in them: this service is not to be used for mailing strangers by the thousand. */
const MAILS_AN_HOUR = 60;

export function createDeliver({ alert, allowPrivate, mail, public_url }: DeliverOptions, clock: Clock = systemClock): Deliver {
  let mailed: number[] = [];
  return async (target, wish) => {
    if (target.kind === 'page') return alert(toAlert(wish));
    if (target.kind === 'webhook') return postJson(target.url, wish, { allowPrivate });
    if (!mail) throw new Error('no mail server is configured');
    mailed = mailed.filter((ts) => clock.now() - ts < HOUR);
    if (mailed.length >= MAILS_AN_HOUR) throw new Error(`${MAILS_AN_HOUR} mails have been sent within the hour`);
    mailed.push(clock.now());
    await sendMail(mail, { to: [target.address], ...toMail(wish, public_url) });
  };
}

function toAlert({ id, by, granted }: Wish): Alert {
  const { ts, server, name, cuda_visible_devices } = granted!;
  return {
    id: `wish:${id}`, ts, kind: 'wish_granted', server,
    message: `${by}: ${name} has what you waited for (CUDA_VISIBLE_DEVICES=${cuda_visible_devices})`,
    data: { by, name, cuda_visible_devices },
  };
}

/** In both languages: a wish does not say which one its maker reads. */
function toMail({ id, by, granted }: Wish, public_url: string | null) {
  const { server, name, cuda_visible_devices: cards } = granted!;
  const said = cards.includes(',') ? `cards ${cards} are` : `card ${cards} is`;
  const where = name === server ? server : `${name} (${server})`;
  return {
    subject: `${name}: ${cards} 号卡空出来了 / ${said} free`,
    text: [
      `${by}，你等的卡空出来了：${where} 的 ${cards} 号卡。`,
      `${by}, what you waited for has come: on ${where} ${said} free.`,
      '',
      'export CUDA_DEVICE_ORDER=PCI_BUS_ID',
      `export CUDA_VISIBLE_DEVICES=${cards}`,
      ...(public_url ? ['', `${public_url.replace(/\/+$/, '')}/find`] : []),
    ].join('\n'),
    messageId: `<wish-${id}@vacancy.invalid>`,
  };
}
