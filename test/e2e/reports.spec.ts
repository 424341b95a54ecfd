import { expect, test } from '@playwright/test';
import { choose, errorsOf, expectAccessible, expectNoSideways } from './axe.ts';

/** The service's time zone in these tests. */
const today = new Intl.DateTimeFormat('en-CA', { timeZone: 'Asia/Shanghai' }).format(new Date());
const month = `${today.slice(0, 7)}-01`;

test.use({ timezoneId: 'Asia/Shanghai' });

test('the calendar leads to the running report, in the request’s terms', async ({ page }) => {
  const errors = errorsOf(page);
  await page.goto('/reports');
  await page.getByRole('link', { name: /still running/ }).click();
  await expect(page).toHaveURL(new RegExp(`/reports/day/${today}`));
  await expect(page.getByRole('heading', { level: 1 })).toContainText('Daily report');
  for (const name of ['server_num', 'user_num', 'gpu_num', 'busy_server', 'idle_server', 'busy_time', 'idle_rate', 'hdd_used_avg', 'network_up_total', 'memory_avg.used', 'cpu_median', 'coverage']) {
    await expect(page.getByText(name, { exact: true }).first()).toBeVisible();
  }
  await expect(page.locator('tr[data-row="pulse"]')).toBeVisible();
  await expect(page.locator('canvas').first()).toBeVisible();
  expect(errors).toEqual([]);
});

test('one steps from the year to the month to the day to a server at that time', async ({ page }) => {
  await page.goto(`/reports/year/${today.slice(0, 4)}-01-01`);
  const inside = page.getByRole('navigation', { name: 'Reports inside this one' });
  await inside.getByRole('link').last().click();
  await expect(page).toHaveURL(new RegExp(`/reports/month/${month}`));
  await inside.getByRole('link').last().click();
  await expect(page).toHaveURL(new RegExp(`/reports/day/${today}`));
  await page.locator('tr[data-row="pulse"]').getByRole('link', { name: 'pulse' }).click();
  await expect(page).toHaveURL(/\/servers\/pulse\?from=\d+&to=\d+/);
  await expect(page.locator('canvas').first()).toBeVisible();
});

test('tables sort by any figure', async ({ page }) => {
  await page.goto(`/reports/day/${today}`);
  const servers = page.getByRole('region', { name: 'Servers' });
  await servers.getByRole('button', { name: /CPU mean/ }).click();
  await expect(servers.getByRole('columnheader', { name: /CPU mean/ })).toHaveAttribute('aria-sort', 'descending');
});

test('two reports stand side by side', async ({ page }) => {
  await page.goto(`/reports/day/${today}`);
  await page.getByRole('link', { name: 'Compare with the one before' }).click();
  await expect(page.getByTestId('compare')).toContainText('CPU mean');
});

test('the other forms of a report are a click away', async ({ page }) => {
  await page.goto(`/reports/day/${today}`);
  for (const form of ['HTML', 'CSV', 'PDF', 'JSON']) await expect(page.getByRole('link', { name: form, exact: true })).toHaveAttribute('href', new RegExp(`/api/v1/reports/day/${today}`));
});

test('a report that cannot be is a page that says so', async ({ page }) => {
  await page.goto('/reports/day/2019-01-01');
  await expect(page.getByText(/There is no such report|Nothing was observed/)).toBeVisible();
  await page.goto('/reports/fortnight/2026-01-01');
  await expect(page.getByText('There is no such report')).toBeVisible();
  await page.getByRole('link', { name: 'All reports' }).click();
  await expect(page.getByRole('heading', { name: 'Reports', exact: true })).toBeVisible();
});

test('the report reads in Chinese, fits a phone and has no grave accessibility finding', async ({ page }) => {
  await choose(page, { locale: 'zh-CN', theme: 'dark' });
  await page.setViewportSize({ width: 360, height: 780 });
  await page.goto(`/reports/day/${today}`);
  await expect(page.getByRole('heading', { level: 1 })).toContainText('日报表');
  await expect(page.locator('canvas').first()).toBeVisible();
  await expectNoSideways(page);
  await expectAccessible(page);
});

test('the list has all four kinds and no grave accessibility finding', async ({ page }) => {
  await choose(page, {});
  await page.goto('/reports');
  for (const kind of ['Weekly report', 'Monthly report', 'Yearly report', 'Daily report']) {
    await page.getByRole('button', { name: kind }).click();
    await expect(page.getByRole('link', { name: /still running/ })).toBeVisible();
  }
  await expectAccessible(page);
});

test('the report has no grave accessibility finding in light English', async ({ page }) => {
  await choose(page, {});
  await page.goto(`/reports/day/${today}`);
  await expect(page.locator('canvas').first()).toBeVisible();
  await expectAccessible(page);
});

test.describe('for a reader on the other side of the world', () => {
  test.use({ timezoneId: 'America/Los_Angeles' });

  test('days are those of the service', async ({ page }) => {
    await page.goto('/reports');
    await page.getByRole('link', { name: /still running/ }).click();
    await expect(page).toHaveURL(new RegExp(`/reports/day/${today}`));
  });
});
