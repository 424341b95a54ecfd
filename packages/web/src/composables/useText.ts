import { computed, type ComputedRef } from 'vue';
import { useI18n } from 'vue-i18n';
import { GIB } from '@vacancy/shared';
import { createFormat, type Format } from '../format/format.js';
import type { Locale } from '../i18n/index.js';
import type { Messages } from '../i18n/en.js';
import { useIdle } from './useIdle.js';

type Leaves<T> = { [K in keyof T & string]: T[K] extends string ? K : `${K}.${Leaves<T[K]>}` }[keyof T & string];
/** Every text there is: a misspelt key fails the typecheck. */
export type MessageKey = Leaves<Messages>;
export type Params = Record<string, string | number>;
export type Translate = (key: MessageKey, params?: Params) => string;

export interface Text {
  /** A parameter named `n` that is a number also picks the plural form. */
  t: Translate;
  /** The text under a key that came from the service, or the service's own words. */
  tOr(key: string, params: Params, fallback: string): string;
  locale: ComputedRef<Locale>;
  f: ComputedRef<Format>;
}

export function useText(): Text {
  const { t, te, locale } = useI18n();
  const { definitions } = useIdle();
  const f = computed(() => createFormat(locale.value));
  /** What any text may say without being told: the thresholds of an idle card are settings. */
  const terms = computed(() => {
    const { free_bytes, used_share } = definitions.value;
    return { idle_size: f.value.bytes(free_bytes, Number.isInteger(free_bytes / GIB) ? 0 : 1), idle_part: f.value.share(used_share, Math.round(1000 * used_share) % 10 === 0 ? 0 : 1) };
  });
  const say = (key: string, params: Params): string => {
    const all = { ...terms.value, ...params };
    return typeof params['n'] === 'number' ? t(key, all, params['n']) : t(key, all);
  };
  return {
    t: (key, params = {}) => say(key, params),
    tOr: (key, params, fallback) => (te(key) ? say(key, params) : fallback),
    locale: computed(() => locale.value as Locale),
    f,
  };
}
