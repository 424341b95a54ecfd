import { computed, inject, type ComputedRef, type InjectionKey } from 'vue';
import { GIB, type IdleDefinitions } from '@vacancy/shared';
import { createFormat, type Format } from '../format/format.js';
import type { Locale, Texts } from '../i18n/index.js';
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

/** Provided by `main.ts`, one for the application: a format of its own for every component would make its `Intl` objects anew for every row of a table. */
export const TEXT: InjectionKey<Text> = Symbol('text');

export function createText({ global: { t, te, locale } }: Texts, idle: ComputedRef<IdleDefinitions>): Text {
  const f = computed(() => createFormat(locale.value));
  /** What any text may say without being told: the thresholds of an idle card are settings. */
  const terms = computed(() => {
    const { free_bytes, used_share } = idle.value;
    return { idle_size: f.value.bytes(free_bytes, Number.isInteger(free_bytes / GIB) ? 0 : 1), idle_part: f.value.share(used_share, Math.round(1000 * used_share) % 10 === 0 ? 0 : 1) };
  });
  /** Texts without parameters or only with a small number, once looked up: vue-i18n takes some ten microseconds each, and a page has hundreds of them ten times a second. */
  const said = computed(() => {
    void terms.value;
    return new Map<string, string>();
  });
  const say = (key: string, params: Params): string => {
    const all = { ...terms.value, ...params };
    return typeof params['n'] === 'number' ? t(key, all, params['n']) : t(key, all);
  };
  return {
    t(key, params) {
      const name = nameOf(key, params);
      if (name === null) return say(key, params!);
      const known = said.value.get(name);
      if (known !== undefined) return known;
      const text = say(key, params ?? {});
      said.value.set(name, text);
      return text;
    },
    tOr: (key, params, fallback) => (te(key) ? say(key, params) : fallback),
    locale: computed(() => locale.value as Locale),
    f,
  };
}

/** Under what a text is kept, `null` if it is not: there would be no end of those with names or sizes in them. */
function nameOf(key: MessageKey, params?: Params): string | null {
  if (!params) return key;
  const { n, ...others } = params;
  return typeof n === 'number' && Number.isInteger(n) && n >= 0 && n < 100 && Object.keys(others).length === 0 ? `${key} ${n}` : null;
}

export function useText(): Text {
  const text = inject(TEXT);
  if (!text) throw new Error('no texts were provided to this application');
  return text;
}
