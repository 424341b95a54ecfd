import { describe, expect, it } from 'vitest';
import { createI18n } from 'vue-i18n';
import { en } from './en.js';
import { zhCN } from './zh-CN.js';

const flat = (messages: object, path = ''): [string, string][] =>
  Object.entries(messages).flatMap(([key, value]) => (typeof value === 'string' ? [[`${path}${key}`, value] as [string, string]] : flat(value as object, `${path}${key}.`)));
const english = new Map(flat(en));
const chinese = new Map(flat(zhCN));
const parameters = (text: string): string[] => [...new Set([...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!))].sort();

describe('the texts', () => {
  it('are the same set in both languages, none empty', () => {
    expect([...chinese.keys()].sort()).toEqual([...english.keys()].sort());
    for (const [key, text] of [...english, ...chinese]) expect(text.trim(), key).not.toBe('');
  });

  it('take the same parameters in both languages', () => {
    for (const [key, text] of english) expect(parameters(chinese.get(key)!), key).toEqual(parameters(text));
  });

  it('are translated: Chinese texts of more than a unit hold Chinese', () => {
    const foreign = new Set(['language.en', 'field.cpu', 'field.gpu_utilization', 'field.pid', 'home.cpu_mean', 'status.lag', 'common.of']);
    for (const [key, text] of chinese) if (!foreign.has(key) && !/^(\{\w+\}|[\s/:：%<>≥.\d]|GiB)*$/.test(text)) expect(text, key).toMatch(/\p{Script=Han}/u);
  });

  it('keep the owner’s terms', () => {
    const all = [...chinese.values()].join('\n');
    for (const term of ['服务器信息监控', '即时服务器推荐', '推荐指数', '最忙服务器', '最闲服务器', '空闲率', '中位数']) expect(all).toContain(term);
  });

  it('parse as messages, with parameters kept as plain text', () => {
    for (const [locale, texts] of [['en', english], ['zh-CN', chinese]] as const) {
      const { t } = createI18n({ legacy: false, locale, messages: { [locale]: Object.fromEntries(texts) }, flatJson: false }).global;
      for (const [key, text] of texts) {
        const params = Object.fromEntries(parameters(text).map((name) => [name, name === 'n' ? 2 : '<b>{x}|@:y</b>']));
        const said = 'n' in params ? t(key, params, 2) : t(key, params);
        for (const name of parameters(text)) if (name !== 'n') expect(said, key).toContain('<b>{x}|@:y</b>');
      }
    }
  });
});
