import { chromium } from '@playwright/test';
const b = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
for (const [name, w, h, locale, theme, url] of [['en', 1440, 1000, 'en', 'light', '/find?gpus=9&memory_gib=8&spread=true'], ['zh', 390, 900, 'zh-CN', 'dark', '/find?gpus=9&memory_gib=8&spread=true'], ['zh2', 1440, 1000, 'zh-CN', 'light', '/find?gpus=40&memory_gib=8&spread=true']]) {
  const c = await b.newContext({ viewport: { width: w, height: h } });
  await c.addInitScript(([l, t]) => { localStorage.setItem('vacancy.locale', l); localStorage.setItem('vacancy.theme', t); localStorage.setItem('vacancy.user', 'zhang'); }, [locale, theme]);
  const p = await c.newPage(); await p.goto('http://127.0.0.1:7800' + url); await p.waitForTimeout(4000); await p.screenshot({ path: `/tmp/rec-${name}.png`, fullPage: true }); await c.close();
}
await b.close();
