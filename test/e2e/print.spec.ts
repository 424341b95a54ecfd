import { expect, test, type Page } from '@playwright/test';
import { choose, errorsOf } from './axe.ts';

/** What the browser tells a page before it lays it out for paper, and after; `page.pdf` does both at once and leaves nothing to look at. */
const tell = (page: Page, event: 'beforeprint' | 'afterprint'): Promise<void> => page.evaluate((name) => void dispatchEvent(new Event(name)), event);

test('a dark page is white on paper, its charts as wide as that, and afterwards it is as before', async ({ page }) => {
  const errors = errorsOf(page);
  await choose(page, { theme: 'dark' });
  await page.goto('/trends?span=7d');
  const canvas = page.locator('[data-trend="hdd"] canvas');
  await expect(canvas).toBeVisible();
  const width = (): Promise<number> => canvas.evaluate((element) => element.clientWidth);
  const before = await width();
  expect(before).toBeGreaterThan(700);

  await tell(page, 'beforeprint');
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'light');
  expect(await width()).toBe(680);

  await tell(page, 'afterprint');
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  expect(await width()).toBe(before);
  expect(errors).toEqual([]);
});

test('paper has every row of a table, and nothing is cut off at its right', async ({ page }) => {
  await choose(page, {});
  await page.goto('/gpus');
  const rows = page.locator('.scroller tbody tr');
  await expect(rows.first()).toBeVisible();
  await page.setViewportSize({ width: 718, height: 1045 });
  await page.emulateMedia({ media: 'print' });
  await tell(page, 'beforeprint');
  const cards = await page.evaluate(async () => ((await (await fetch('/api/v1/servers')).json()) as { servers: { gpus: unknown[] }[] }).servers.reduce((sum, { gpus }) => sum + gpus.length, 0));
  await expect.poll(() => page.locator('.scroller tbody tr:not([aria-hidden])').count()).toBeGreaterThanOrEqual(cards);
  for (const path of ['/gpus', '/trends?span=7d', '/servers/pulse']) {
    await page.goto(path);
    await expect(page.locator('table').first()).toBeVisible();
    await tell(page, 'beforeprint');
    expect(await page.locator('table').evaluateAll((tables) => tables.filter((table) => table.getBoundingClientRect().right > innerWidth).length)).toBe(0);
  }
});
