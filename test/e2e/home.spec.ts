import { expect, test } from '@playwright/test';
import { choose } from './axe.ts';

for (const [locale, keys] of [['en', { columns: 'Columns', uptime: 'Uptime', cpu: 'CPU', search: 'Search', none: 'No server matches these filters.', clear: 'Clear filters', card: 'Card 0' }], ['zh-CN', { columns: '显示列', uptime: '运行时间', cpu: 'CPU', search: '搜索', none: '没有符合筛选条件的服务器。', clear: '清除筛选', card: '0 号卡' }]] as const) {
  test(`the table is sorted, filtered and arranged, and remembers it (${locale})`, async ({ page }) => {
    await choose(page, { locale });
    await page.goto('/');
    const rows = page.locator('tr[data-server]');
    await expect(page.locator('tr[data-server="pulse"]')).toBeVisible();

    await page.getByRole('columnheader', { name: keys.cpu, exact: true }).getByRole('button').click();
    await expect(page).toHaveURL(/sort=cpu/);
    await expect(page.getByRole('columnheader', { name: keys.cpu, exact: true })).toHaveAttribute('aria-sort', 'descending');

    await page.getByRole('searchbox', { name: keys.search }).fill('PULSE');
    await expect(page).toHaveURL(/q=PULSE/);
    await expect(rows).toHaveCount(1);
    await page.goto('/?model=Pulse+24&state=free');
    await expect(rows).toHaveCount(1);
    await page.goto('/?q=nothing-like-this');
    await expect(page.getByText(keys.none)).toBeVisible();
    await page.getByRole('button', { name: keys.clear }).click();
    await expect(page.locator('tr[data-server="pulse"]')).toBeVisible();

    await page.locator('summary', { hasText: keys.columns }).click();
    await page.getByRole('checkbox', { name: keys.uptime }).check();
    await page.reload();
    await expect(page.getByRole('columnheader', { name: keys.uptime })).toBeVisible();
  });

  test(`the matrix tells of a card under the pointer or the arrow keys, and Enter opens its server (${locale})`, async ({ page }) => {
    await choose(page, { locale });
    await page.goto('/');
    await expect(page.locator('tr[data-server="pulse"]')).toBeVisible();
    const matrix = page.getByRole('application');
    const tip = matrix.locator('.tip');
    await matrix.hover({ position: { x: 10, y: 30 } });
    await expect(tip).toContainText(keys.card);
    await page.mouse.move(0, 0);
    await expect(tip).toHaveCount(0);

    await matrix.focus();
    await expect(tip).toHaveAttribute('aria-live', 'polite');
    const first = await tip.innerText();
    await page.keyboard.press('End');
    expect(await tip.innerText()).not.toBe(first);
    await page.keyboard.press('Home');
    await expect(tip).toContainText(keys.card);
    await page.keyboard.press('Escape');
    await expect(tip).toHaveCount(0);
    await page.keyboard.press('Home');
    await page.keyboard.press('Enter');
    await expect(page).toHaveURL(/\/servers\/[\w-]+$/);
  });
}

test('each page says in its title which it is', async ({ page }) => {
  await page.goto('/');
  await expect(page).toHaveTitle('Home · Vacancy');
  await page.goto('/servers/hostile');
  await expect(page).toHaveTitle('<img src=x onerror=alert(1)> · Vacancy');
  await page.getByRole('button', { name: '7 days' }).click();
  await expect(page).toHaveURL(/span=7d/);
  await expect(page).toHaveTitle('<img src=x onerror=alert(1)> · Vacancy');
  await page.goto('/reports/month/2026-10-01');
  await expect(page).toHaveTitle(/Reports · Vacancy|Monthly report · October 2026 · Vacancy/);
  await page.goto(`/reports/year/${new Date().getUTCFullYear()}-01-01`);
  await expect(page).toHaveTitle(`Yearly report · ${new Date().getUTCFullYear()} · Vacancy`);
  await page.getByRole('button', { name: '中文' }).click();
  await expect(page).toHaveTitle(/年报表 · \d+年 · 空位 Vacancy/);
});

test('a server’s history is asked for at the level that fits what is looked at', async ({ page }) => {
  const asked: { span: number }[] = [];
  page.on('request', (request) => {
    const query = new URL(request.url()).searchParams;
    if (/\/servers\/pulse\/series$/.test(new URL(request.url()).pathname)) asked.push({ span: Number(query.get('to')) - Number(query.get('from')) });
  });
  const step = page.getByText(/^one point = /);
  await page.goto('/servers/sim01');
  await expect(page.locator('canvas').first()).toBeVisible();
  await page.goto('/servers/pulse');
  await expect.poll(() => asked.length).toBeGreaterThan(0);
  const hour = asked.at(-1)!.span;
  await page.getByRole('button', { name: '30 days' }).click();
  await expect.poll(() => asked.at(-1)!.span).toBeGreaterThan(20 * hour);
  await page.goto('/servers/sim01?span=7d');
  await expect(step).toBeVisible();
  const coarse = await step.innerText();
  for (let i = 0; i < 6; i++) await page.getByRole('button', { name: 'Zoom in' }).click();
  await expect.poll(() => step.innerText()).not.toBe(coarse);
  await page.getByRole('button', { name: 'Earlier' }).click();
  await expect(page).toHaveURL(/from=\d+/);
  await page.getByRole('button', { name: 'Back to live' }).click();
  await expect(page).not.toHaveURL(/from=/);
});
