export type Lang = 'zh' | 'en';

/** English unless Chinese is named before it in an Accept-Language header. */
export function languageOf(header = ''): Lang {
  const first = header.split(',').map((part) => part.trim().toLowerCase()).find((part) => /^(?:zh|en)\b/.test(part));
  return first?.startsWith('zh') ? 'zh' : 'en';
}
