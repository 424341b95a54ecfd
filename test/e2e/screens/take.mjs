// Takes pictures of pages played from a made-up fleet, for looking at them: no service is needed.
//   node test/e2e/screens/take.mjs OUT_DIR [name-filter]
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { chromium } from '@playwright/test';
import { preview } from './preview.mjs';

const [out = 'screens', filter = ''] = process.argv.slice(2);

/** name, path, fleet, then what differs from a light English desktop. */
const SHOTS = [
  ['home', '/', '12'],
  ['home-zh-dark', '/', '12', { theme: 'dark', locale: 'zh-CN' }],
  ['home-phone', '/', '12', { phone: true }],
  ['home-phone-zh-dark', '/', '12', { phone: true, theme: 'dark', locale: 'zh-CN' }],
  ['home-100', '/', '100x8', { full: false }],
  ['home-1000', '/', '1000x8', { locale: 'zh-CN' }],
  ['home-1000-dark', '/?colour=utilization', '1000x8', { theme: 'dark' }],
  ['home-filter', '/?state=offline&sort=cpu', '1000x8', {}],
  ['home-empty', '/', '0', {}],
  ['server', '/servers/gpu03', '12'],
  ['server-zh-dark', '/servers/gpu02', '12', { theme: 'dark', locale: 'zh-CN' }],
  ['server-phone', '/servers/gpu02', '12', { phone: true, locale: 'zh-CN' }],
  ['server-offline', '/servers/gpu10', '12', {}],
  ['server-no-gpu', '/servers/gpu11', '12', {}],
  ['server-week', '/servers/gpu08?span=7d', '12', {}],
  ['server-404', '/servers/nobody', '12', {}],
];

const build = await preview();
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
mkdirSync(out, { recursive: true });
try {
  for (const [name, path, fleet, options = {}] of SHOTS) {
    if (name.includes(filter)) await take(name, path, fleet, options);
  }
} finally {
  await browser.close();
  await build.close();
}

async function take(name, path, fleet, { theme = 'light', locale = 'en', phone = false, full = true }) {
  const context = await browser.newContext({
    viewport: phone ? { width: 390, height: 844 } : { width: 1440, height: 900 },
    deviceScaleFactor: phone ? 2 : 1,
  });
  await context.addInitScript(([chosen, language, servers]) => {
    localStorage.setItem('vacancy.theme', chosen);
    localStorage.setItem('vacancy.locale', language);
    sessionStorage.setItem('vacancy.replay', servers);
  }, [theme, locale, fleet]);
  const page = await context.newPage();
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && console.error(`${name}: ${message.text()}`));
  page.on('pageerror', (error) => console.error(`${name}: ${error.message}`));
  await page.goto(build.url + path);
  await page.waitForTimeout(2_500);
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (overflow > 0) console.error(`${name}: the page is ${overflow} px wider than the screen`);
  await page.screenshot({ path: resolve(out, `${name}.png`), fullPage: full });
  await context.close();
  console.log(`${name}.png`);
}
