import type { InjectionKey } from 'vue';
import { createI18n } from 'vue-i18n';
import { readStored, writeStored } from '../composables/stored.js';
import type { Messages } from './en.js';

export type Locale = 'en' | 'zh-CN';
export const LOCALES: readonly Locale[] = ['en', 'zh-CN'];

/** A language is loaded when it is first wanted. */
const LOADERS: Record<Locale, () => Promise<Messages>> = {
  en: async () => (await import('./en.js')).en,
  'zh-CN': async () => (await import('./zh-CN.js')).zhCN,
};

export function preferredLocale(): Locale {
  const stored = readStored('locale');
  if (stored === 'en' || stored === 'zh-CN') return stored;
  return /^zh/i.test(navigator.language) ? 'zh-CN' : 'en';
}

/** vue-i18n interprets its messages as a syntax tree: nothing is compiled with `Function`, which the page's policy forbids. */
export async function createTexts(locale: Locale) {
  const i18n = createI18n<false>({ legacy: false, locale, messages: {}, missingWarn: true, fallbackWarn: true });
  await setLocale(i18n, locale);
  return i18n;
}

export type Texts = Awaited<ReturnType<typeof createTexts>>;

/** Provided by `main.ts`, for the switch of languages. */
export const TEXTS: InjectionKey<Texts> = Symbol('texts');

async function setLocale(i18n: Texts, locale: Locale): Promise<void> {
  i18n.global.setLocaleMessage(locale, await LOADERS[locale]());
  i18n.global.locale.value = locale;
  document.documentElement.lang = locale;
}

export async function chooseLocale(i18n: Texts, locale: Locale): Promise<void> {
  await setLocale(i18n, locale);
  writeStored('locale', locale);
}
