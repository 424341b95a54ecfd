import { computed, type ComputedRef } from 'vue';
import { useI18n } from 'vue-i18n';
import { createFormat, type Format } from '../format/format.js';
import type { Locale } from '../i18n/index.js';
import type { Messages } from '../i18n/en.js';

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
  const translate: Translate = (key, params = {}) =>
    typeof params['n'] === 'number' ? t(key, params, params['n']) : t(key, params);
  return {
    t: translate,
    tOr: (key, params, fallback) => (te(key) ? t(key, params) : fallback),
    locale: computed(() => locale.value as Locale),
    f: computed(() => createFormat(locale.value)),
  };
}
