import { expect, test, type Page } from '@playwright/test';
import { choose, errorsOf, expectAccessible } from './axe.ts';

const SCENES = ['matrix', 'like', 'load', 'trends'] as const;
const scene = (page: Page) => page.locator('[data-scene]');

test('the wall turns from scene to scene by itself, without header or controls', async ({ page }) => {
  const errors = errorsOf(page);
  await page.goto('/wall?every=5');
  await expect(scene(page)).toHaveAttribute('data-scene', 'matrix');
  await expect(page.getByRole('navigation')).toHaveCount(0);
  await expect(page.getByText('pulse')).toBeVisible();
  await expect(scene(page)).toHaveAttribute('data-scene', 'like', { timeout: 15_000 });
  expect(errors).toEqual([]);
});

test('who prefers less motion turns it by hand', async ({ page }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.goto('/wall?every=5');
  await expect(page.getByText('pulse')).toBeVisible();
  await page.waitForTimeout(6_500);
  await expect(scene(page)).toHaveAttribute('data-scene', 'matrix');
  await page.keyboard.press('ArrowRight');
  await expect(scene(page)).toHaveAttribute('data-scene', 'like');
  await page.keyboard.press('ArrowLeft');
  await expect(scene(page)).toHaveAttribute('data-scene', 'matrix');
});

test('there is a way out: a link and Escape', async ({ page }) => {
  await page.goto('/wall');
  await page.getByRole('link', { name: 'Leave' }).click();
  await expect(page).toHaveURL(/\/$/);
  await page.goto('/wall');
  await expect(scene(page)).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page).toHaveURL(/\/$/);
});

for (const locale of ['en', 'zh-CN'] as const) {
  test(`no scene scrolls on a wall screen or has a grave accessibility finding (${locale})`, async ({ page }) => {
    await choose(page, { locale, theme: locale === 'en' ? 'light' : 'dark' });
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await page.setViewportSize({ width: 1920, height: 1080 });
    for (const name of SCENES) {
      await page.goto(`/wall?scene=${name}`);
      await expect(scene(page)).toHaveAttribute('data-scene', name);
      await expect(page.locator(name === 'trends' ? 'canvas' : 'h2, .none').first()).toBeVisible();
      expect(await page.evaluate(() => document.documentElement.scrollHeight - innerHeight)).toBeLessThanOrEqual(0);
      await expectAccessible(page);
    }
  });
}
