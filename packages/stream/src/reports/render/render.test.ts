import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { fleet, report, server } from '../fixture.js';
import { renderCsv } from './csv.js';
import { bytes, share } from './format.js';
import { renderHtml } from './html.js';
import { languageOf } from '../../deliver/lang.js';
import { html } from './markup.js';
import { NoBrowserError, createPrinter } from './pdf.js';

const EVIL = '<script>alert(1)</script>" onload=x \'&\u202e';
const hostile = report({
  servers: [server('gpu01', { name: EVIL, gpus: [{ id: 0, gpu_type: EVIL, coverage: 1, idle_rate: { free8g: 1, used10pct: 0 }, utilization_mean: 1, memory_used_avg: 1, memory_used_max: 1, memory_total: 1, occupied_idle_hours: 0 }] })],
  general: { server_num: 1, user_num: 1, gpu_num: 1 },
  fleet: fleet({ busy_server: { server: 'gpu01', name: EVIL, cpu_mean: 1 }, idle_server: { server: 'gpu01', name: EVIL, cpu_mean: 1 } }),
  users: [{ user: EVIL, gpu_hours: 1, gpu_hours_fair: 1, idle_hours: 1, servers: [{ server: 'gpu01', gpu_hours: 1, gpu_hours_fair: 1, idle_hours: 1 }] }],
  summary: [{ code: 'x', params: {}, en: EVIL, zh: EVIL }],
});

describe('the page of a report', () => {
  it.each(['zh', 'en'] as const)('is one file without a script or an address, whatever names say (%s)', async (lang) => {
    const page = await renderHtml(hostile, { lang });
    expect(page).not.toContain('<script');
    expect(page).not.toMatch(/<[^>]*\sonload=/);
    expect(page).not.toContain('\u202e');
    expect(page).not.toMatch(/(?:src|href)=/);
    expect(page.match(/&lt;script&gt;alert\(1\)&lt;\/script&gt;/g)!.length).toBeGreaterThan(5);
    expect(page).toContain("default-src 'none'".replaceAll("'", '&#39;'));
    expect(page.match(/<svg/g)).toHaveLength(7);
  });

  it('holds the terms of both languages', async () => {
    const [zh, en] = [await renderHtml(report(), { lang: 'zh' }), await renderHtml(report(), { lang: 'en' })];
    for (const term of ['周报表', 'Weekly report', '空闲率', 'GPU idle share', '最忙时段', 'Busiest time', '磁盘平均占用', 'Disk in use, average']) {
      expect(zh).toContain(term);
      expect(en).toContain(term);
    }
    expect(zh).toContain('<html lang="zh-CN">');
    expect(en).toContain('<html lang="en">');
  });

  it('says when it is open, late, revised or empty', async () => {
    const page = (given: object) => renderHtml(report(given), { lang: 'en' });
    expect(await page({ open: true })).toContain('has not ended');
    expect(await page({ fleet: fleet({ busy_server: null, idle_server: null }) })).toContain('none was observed for half');
    expect(await page({ late: true })).toContain('a new one follows');
    expect(await page({ changes: [{ field: 'x', before: 1, after: 2 }] })).toContain('changed 1 figure ');
    expect(await page({ general: { server_num: 0, user_num: null, gpu_num: 0 } })).toContain('No sample was received');
  });

  it('sets figures beside the period before, with the change unless the period still runs', async () => {
    const now = { fleet: fleet({ cpu_mean: 45, hdd_used_avg: 3 * 2 ** 40 }) };
    const page = (given: object, lang: 'zh' | 'en' = 'en') => renderHtml(report({ ...now, ...given }), { lang });
    expect(await page({})).toContain('40.0% (+5.0 points)');
    expect(await page({})).toContain('4.00\u00a0TiB (−25.0%)');
    expect(await page({}, 'zh')).toContain('40.0% (+5.0 个百分点)');
    expect(await page({ open: true })).not.toContain('(+5.0');
  });

  it('adds up the time of the cards', async () => {
    const gpu = (id: number, occupied_idle_hours: number) => ({ id, gpu_type: null, coverage: 0.5, idle_rate: { free8g: 1, used10pct: 0 }, utilization_mean: 1, memory_used_avg: 1, memory_used_max: 1, memory_total: 1, occupied_idle_hours });
    const page = await renderHtml(report({
      general: { server_num: 1, user_num: 1, gpu_num: 2 },
      servers: [server('gpu01', { gpus: [gpu(0, 12.6), gpu(1, 4.2)] })],
      users: [{ user: 'bob', gpu_hours: 90, gpu_hours_fair: 84, idle_hours: 16.8, servers: [] }],
    }), { lang: 'en' });
    expect(page).toContain('50.0% of the cards’ time');
    expect(page).toContain('10.0% of the cards’ time<br>most: <bdi>bob</bdi> 16.8\u00a0h');
  });

  it('names the thresholds of an idle card that were in force', async () => {
    const page = await renderHtml(report({ idle: { free_bytes: 4 * 2 ** 30, used_share: 0.05 } }), { lang: 'zh' });
    expect(page).toContain('空闲 &gt; 4 GiB');
    expect(page).toContain('占用 &lt; 5%');
    expect(page).not.toContain('8 GiB');
  });

  it('leads with the definition of an idle card that pages lead with', async () => {
    const tile = async (lead: 'free8g' | 'used10pct') => /GPU idle share[^]*?<div class="value">([\d.]+%)<\/div>\n<div class="detail">([^]*?)<\/div>/.exec(await renderHtml(report(), { lang: 'en', lead }))!.slice(1);
    expect(await tile('free8g')).toEqual(['50.0%', '&gt; 8 GiB free<br>25.0% &lt; 10% used']);
    expect(await tile('used10pct')).toEqual(['25.0%', '&lt; 10% used<br>50.0% &gt; 8 GiB free']);
  });

  it('has no charts in a mail', async () => {
    expect(await renderHtml(report(), { lang: 'en', brief: true })).not.toContain('<svg');
  });
});

describe('a template', () => {
  it('escapes texts at any depth and keeps its own markup', () => {
    expect(html`<b title="${'"'}">${['<', html`<i>${'&'}</i>`, [null, undefined, false, 0]]}</b>`.text).toBe('<b title="&quot;">&lt;<i>&amp;</i>0</b>');
  });
});

describe('the tables of a report', () => {
  it('begin with the mark that makes Excel read UTF-8', () => {
    expect(renderCsv(report(), 'zh').startsWith('\ufeff周报表,period,start')).toBe(true);
  });

  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', ' =1', '|calc', '＝1'])('never let %j be a formula', (name) => {
    const line = renderCsv(report({ servers: [server('gpu01', { name })] }), 'en').split('\r\n').find((row) => row.startsWith(',gpu01,'))!;
    expect(line.split(',')[2]).toMatch(/^"?'/);
  });

  it('keep negative numbers numbers, unknown cells empty and quotes doubled', () => {
    const text = renderCsv(report({ servers: [server('gpu01', { name: 'a"b,c', network_up_total: -5, cpu_mean: null })] }), 'en');
    expect(text).toContain(',gpu01,"a""b,c",1,1,,38,');
    expect(text).toContain(',-5,');
  });
});

describe('a figure', () => {
  it.each([[0, '0 B'], [1023, '1023 B'], [1536, '1.50 KiB'], [12.34 * 2 ** 30, '12.3 GiB'], [2 ** 40, '1.00 TiB'], [-(2 ** 31), '-2.00 GiB'], [null, '–']])('of %s bytes reads %s', (value, text) => {
    expect(bytes(value)).toBe(text);
  });

  it.each([[1, '100.0%'], [0.99999, '99.9%'], [0.5, '50.0%'], [0.0001, '< 0.1%'], [0, '0.0%'], [null, '–']])('of share %s reads %s: neither what is missing nor what is there is rounded away', (value, text) => {
    expect(share(value)).toBe(text);
  });

  it.each([['zh-CN,zh;q=0.9,en;q=0.8', 'zh'], ['en-US,en', 'en'], ['fr, en, zh', 'en'], ['', 'en'], [undefined, 'en'], ['ZH', 'zh']])('is labelled for %s in %s', (header, lang) => {
    expect(languageOf(header)).toBe(lang);
  });
});

describe('printing', () => {
  it('says what is missing where no browser is installed', async () => {
    await expect(createPrinter({ browsers: ['/nonexistent/chromium'] })('<p>')).rejects.toThrow(NoBrowserError);
  });

  it('gives up on a browser that hangs, and on one that fails', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'vacancy-browser-'));
    await writeFile(path.join(folder, 'hangs'), '#!/bin/sh\nsleep 60\n', { mode: 0o755 });
    await expect(createPrinter({ browsers: [path.join(folder, 'hangs')], timeout_ms: 200 })('<p>')).rejects.toThrow('hangs could not print the report: it took too long');
    await rm(folder, { recursive: true });
    await expect(createPrinter({ browsers: ['false'] })('<p>')).rejects.toThrow('it ended with exit 1');
  });
});
