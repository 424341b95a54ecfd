import { describe, expect, it } from 'vitest';
import { createFormat, UNKNOWN } from './format.js';

const en = createFormat('en', 'UTC');
const zh = createFormat('zh-CN', 'Asia/Shanghai');
const plain = (text: string): string => text.replace(/\u00a0/g, ' ');

describe('figures', () => {
  it('are never made up: unknown is a dash in every form', () => {
    for (const format of Object.values(en)) {
      if (format === en.list || format === en.axisTime) continue;
      for (const unknown of [null, undefined, NaN]) expect((format as (value: unknown) => string)(unknown)).toBe(UNKNOWN);
    }
  });

  it('write sizes in binary units with at most four digits', () => {
    expect(plain(en.bytes(0))).toBe('0 B');
    expect(plain(en.bytes(1023))).toBe('1,023 B');
    expect(plain(en.bytes(12.34 * 1024 ** 3))).toBe('12.3 GiB');
    expect(plain(en.bytes(1000 * 1024 ** 3))).toBe('1,000 GiB');
    expect(plain(en.rate(1.5 * 1024 ** 2))).toBe('1.5 MiB/s');
  });

  it('tell percent from shares', () => {
    expect(en.percent(42)).toBe('42%');
    expect(en.share(0.42)).toBe('42%');
    expect(en.percent(31.94, 1)).toBe('31.9%');
  });

  it('write durations in their two largest units', () => {
    expect(plain(en.duration(7_793_761))).toBe('90 days 4 hr');
    expect(plain(zh.duration(90))).toBe('1分钟 30秒');
    expect(plain(en.duration(0))).toBe('0 sec');
    expect(plain(en.duration(3_600))).toBe('1 hr');
  });

  it('count ages in the largest unit that fits, and call a beat of the data now', () => {
    expect(en.ago(900)).toBe('now');
    expect(en.ago(-5)).toBe('now');
    expect(en.ago(12_000)).toBe('12 sec. ago');
    expect(zh.ago(7_200_000)).toBe('2小时前');
  });

  it('show moments in the reader’s zone, midnight as 00', () => {
    const midnight = Date.UTC(2026, 0, 1, 16);
    expect(zh.time(midnight)).toBe('00:00:00');
    expect(en.time(midnight)).toBe('16:00:00');
  });

  it('label an axis more coarsely the more it spans', () => {
    const ts = Date.UTC(2026, 2, 4, 5, 6, 7);
    expect([600_000, 6 * 3_600_000, 7 * 86_400_000, 90 * 86_400_000, 900 * 86_400_000].map((span) => en.axisTime(ts, span))).toEqual(['05:06:07', '05:06', '05:06', 'Mar 4', 'Mar 2026']);
  });

  it('name the day where it begins', () => {
    expect(en.axisTime(Date.UTC(2026, 2, 4), 3 * 86_400_000)).toBe('Mar 4');
  });
});
