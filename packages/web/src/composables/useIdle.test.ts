import { createApp, shallowRef } from 'vue';
import { createI18n } from 'vue-i18n';
import { describe, expect, it } from 'vitest';
import { GIB, type Overview } from '@vacancy/shared';
import { en } from '../i18n/en.js';
import type { Texts } from '../i18n/index.js';
import { zhCN } from '../i18n/zh-CN.js';
import type { FleetView } from './useFleet.js';
import { IDLE, idleOf, useIdle } from './useIdle.js';
import { createText } from './useText.js';

const viewOf = (idle: Overview['idle'] | null): FleetView => ({ overview: idle && ({ idle } as Overview), servers: [], cast: 0, ts: null, received_at: 0 });

describe('the definitions of an idle card on the pages', () => {
  it('are the request’s until the service has said its own, and the same object while they stay the same', () => {
    const view = shallowRef(viewOf(null));
    const idle = idleOf({ view });
    expect(idle.value).toEqual({ lead: 'free8g', free_bytes: 8 * GIB, used_share: 0.1 });
    view.value = viewOf({ lead: 'used10pct', free_bytes: 12 * GIB, used_share: 0.25 });
    const first = idle.value;
    expect(first.lead).toBe('used10pct');
    view.value = viewOf({ lead: 'used10pct', free_bytes: 12 * GIB, used_share: 0.25 });
    expect(idle.value).toBe(first);
  });

  it.each([
    ['en', { lead: 'used10pct', free_bytes: 12 * GIB, used_share: 0.25 }, ['used10pct', 'free8g'], '> 12\u00a0GiB free', '< 25% used'],
    ['zh-CN', { lead: 'free8g', free_bytes: 7.5 * GIB, used_share: 0.1 }, ['free8g', 'used10pct'], '空闲 > 7.5\u00a0GiB', '占用 < 10%'],
  ] as const)('are said with their thresholds, the leading one first (%s)', async (locale, idle, order, free8g, used10pct) => {
    const definitions = idleOf({ view: shallowRef(viewOf(idle)) });
    const { t } = createText(createI18n({ legacy: false, locale, messages: { en, 'zh-CN': zhCN } }) as unknown as Texts, definitions);
    const app = createApp({}).provide(IDLE, definitions);
    const said = [app.runWithContext(() => useIdle().order.value), t('idle.free8g'), t('idle.used10pct')];
    expect(said).toEqual([order, free8g, used10pct]);
  });
});
