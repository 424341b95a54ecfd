import { expect, test } from '@playwright/test';
import { choose, errorsOf, expectAccessible, expectNoSideways } from './axe.ts';

test('disk, memory, cards and network of the whole fleet are drawn beside the time before', async ({ page }) => {
  const errors = errorsOf(page);
  await page.goto('/trends?span=7d');
  for (const name of ['hdd', 'memory', 'gpu', 'network']) await expect(page.locator(`[data-trend="${name}"] canvas`)).toBeVisible();
  await expect(page.getByText(/Coverage \d/)).toBeVisible();
  await expect(page.locator('[data-trend="hdd"]')).toContainText('the time before');
  await page.getByLabel('with the time before').uncheck();
  await expect(page).toHaveURL(/compare=off/);
  await expect(page.locator('[data-trend="hdd"]')).not.toContainText('the time before');
  expect(errors).toEqual([]);
});

test('chosen servers are added up, and the choice is part of the address', async ({ page }) => {
  await page.goto('/trends?span=7d');
  await page.getByText('The whole fleet').first().click();
  await page.getByRole('option', { name: 'pulse' }).click();
  await expect(page).toHaveURL(/servers=pulse/);
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('forecast').locator('tbody tr')).toHaveCount(1);
  await page.goto('/trends?span=7d&servers=sim01,sim02');
  await expect(page.getByText('+ 1', { exact: true })).toBeVisible();
  await expect(page.getByTestId('forecast').locator('tbody tr')).toHaveCount(2);
});

test('too few days are said to be too few, not made into a forecast', async ({ page }) => {
  await page.goto('/trends?servers=pulse');
  await expect(page.getByTestId('forecast')).toContainText(/Not enough data: \d of 7 days/);
});

test('the page reads in Chinese, fits a phone and has no grave accessibility finding', async ({ page }) => {
  await choose(page, { locale: 'zh-CN', theme: 'dark' });
  await page.setViewportSize({ width: 360, height: 780 });
  await page.goto('/trends?span=7d');
  await expect(page.getByRole('heading', { name: '占用空间走势图' })).toBeVisible();
  await expect(page.locator('[data-trend="hdd"] canvas')).toBeVisible();
  await expectNoSideways(page);
  await expectAccessible(page);
});

test('the page has no grave accessibility finding in light English', async ({ page }) => {
  await choose(page, {});
  await page.goto('/trends?span=7d');
  await expect(page.locator('[data-trend="hdd"] canvas')).toBeVisible();
  await page.getByText('The whole fleet').first().click();
  await expectAccessible(page);
});
