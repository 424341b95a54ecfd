import type { Alert } from '@vacancy/shared';
import type { Format } from '../../format/format.js';
import type { Translate } from '../../composables/useText.js';

export interface Words {
  readonly t: Translate;
  readonly tOr: (key: string, params: Record<string, string | number>, fallback: string) => string;
  readonly f: Format;
}

/** What an alert says beside its kind and its server; the service's own sentence where a kind is new to these pages. */
export function textOf({ kind, message, data = {} }: Alert, { t, tOr, f }: Words): string {
  const figure = (key: string): number => Number(data[key] ?? 0);
  switch (kind) {
    case 'server_offline':
    case 'server_online':
      return '';
    case 'gpu_missing':
      return cardsText(String(data['cards'] ?? ''), t);
    case 'disk_nearly_full':
      return t('alerts.disk', { rate: f.percent(figure('hdd_rate'), 1) });
    case 'clock_skewed':
      return 'clock_offset_ms' in data ? t('alerts.clock', { offset: f.duration(Math.abs(figure('clock_offset_ms')) / 1000) }) : '';
    case 'spool_dropped':
      return t('alerts.dropped', { n: figure('dropped'), count: f.number(figure('dropped')) });
    case 'lagging':
      return tOr(`alerts.lag_of.${String(data['of'])}`, { lag: f.duration(figure('lag_ms') / 1000) }, message);
    case 'wish_granted':
      return t('alerts.granted', { by: String(data['by'] ?? ''), cards: String(data['cuda_visible_devices'] ?? '') });
    default:
      return message;
  }
}

function cardsText(ids: string, t: Translate): string {
  const cards = ids.split(',');
  return t('alerts.cards', { n: cards.length, cards: cards.join(', ') });
}
