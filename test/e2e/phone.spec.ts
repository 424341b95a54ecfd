import { expect, test } from '@playwright/test';
import { choose, expectNoSideways } from './axe.ts';

/** Every page there is, and what shows that it has come to rest. */
const PAGES = [
  ['/', 'tr[data-server="pulse"]'],
  ['/servers/pulse', '[data-server="pulse"] canvas'],
  ['/gpus', 'tr[data-card="pulse:0"]'],
  ['/gpus?card=pulse:0', 'figure canvas'],
  ['/trends?span=7d', '[data-trend="network"] canvas'],
  ['/find', '[data-testid="answer"] li[data-server]'],
  ['/reports', '.latest'],
  ['/reports?period=week', '.latest'],
  ['/reports?period=month&a=2026-01-01&b=2026-02-01', '[data-testid="compare"], [role="alert"]'],
  [`/reports/day/${new Date().toISOString().slice(0, 10)}`, 'h1'],
  [`/reports/year/${new Date().getUTCFullYear()}-01-01`, 'h1'],
  ['/wall?every=3600', '[data-scene] h2'],
  ['/nowhere', 'h1'],
] as const;

for (const locale of ['en', 'zh-CN'] as const) {
  for (const [path, sign] of PAGES) {
    test(`${path} fits a phone of 360 pixels (${locale})`, async ({ page }) => {
      await choose(page, { locale });
      await page.setViewportSize({ width: 360, height: 780 });
      await page.goto(path);
      await expect(page.locator(sign).first()).toBeVisible();
      await expectNoSideways(page);
    });
  }
}
