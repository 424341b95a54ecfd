import { expect, test, type Page } from '@playwright/test';
import { choose, errorsOf, expectAccessible, expectNoSideways } from './axe.ts';

const card = (page: Page, id: string) => page.locator(`tr[data-card="${id}"]`);

test('every card of the fleet is listed, most free memory first', async ({ page }) => {
  const errors = errorsOf(page);
  const { gpu_num } = (await (await page.request.get('/api/v1/overview')).json()) as { gpu_num: number };
  await page.goto('/gpus');
  await expect(page.getByRole('status').filter({ hasText: `${gpu_num} of ${gpu_num} cards` })).toBeVisible();
  await expect(page.getByRole('columnheader', { name: 'Free memory' })).toHaveAttribute('aria-sort', 'descending');
  await expect(card(page, 'pulse:0').locator('[data-field="memory_free"]')).toContainText('22.0 GiB');
  expect(errors).toEqual([]);
});

test('filters are part of the address', async ({ page }) => {
  await page.goto('/gpus');
  await page.getByRole('searchbox').fill('pulse');
  await expect(page).toHaveURL(/q=pulse/);
  await expect(page.getByText(/^1 of \d+ cards$/)).toBeVisible();
  await page.goto('/gpus?q=pulse&free=23');
  await expect(page.getByText('No card matches these filters.')).toBeVisible();
  await page.getByRole('button', { name: 'Clear filters' }).click();
  await expect(card(page, 'pulse:0')).toBeVisible();
  await expect(page).not.toHaveURL(/free=/);
});

test('a card’s memory is drawn over time, for the card that was picked', async ({ page }) => {
  await page.goto('/gpus?q=pulse');
  await card(page, 'pulse:0').getByRole('button').click();
  await expect(page).toHaveURL(/card=pulse(:|%3A)0/);
  await expect(page.getByRole('img', { name: /Card 0: 2.0 GiB now/ })).toBeVisible();
});

test('what is held without work is worded fairly, and use is counted by user', async ({ page }) => {
  await page.goto('/gpus');
  await expect(page.getByTestId('occupied-idle')).toContainText('ask before you judge');
  await expect(page.getByTestId('use-by-user').getByRole('columnheader', { name: 'Share of all cards' })).toBeVisible();
});

test('the page reads in Chinese, fits a phone and has no grave accessibility finding', async ({ page }) => {
  await choose(page, { locale: 'zh-CN', theme: 'dark' });
  await page.setViewportSize({ width: 360, height: 780 });
  await page.goto('/gpus');
  await expect(page.getByRole('heading', { name: '全部显卡' })).toBeVisible();
  await expect(page.locator('tr[data-card]').first()).toBeVisible();
  await expectNoSideways(page);
  await expectAccessible(page);
});

test('the page has no grave accessibility finding in light English', async ({ page }) => {
  await choose(page, {});
  await page.goto('/gpus');
  await expect(page.locator('canvas').first()).toBeVisible();
  await expectAccessible(page);
});
