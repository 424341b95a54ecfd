import { expect, test } from '@playwright/test';
import { choose, expectAccessible, expectNoSideways } from './axe.ts';

const LOOKS = [
  { locale: 'en', theme: 'light' },
  { locale: 'zh-CN', theme: 'dark' },
] as const;

for (const look of LOOKS) {
  test(`home has no grave accessibility finding (${look.locale}, ${look.theme})`, async ({ page }) => {
    await choose(page, look);
    await page.goto('/');
    await expect(page.locator('tr[data-server="pulse"]')).toBeVisible();
    await expectAccessible(page);
  });

  test(`a server’s page has no grave accessibility finding (${look.locale}, ${look.theme})`, async ({ page }) => {
    await choose(page, look);
    await page.goto('/servers/pulse');
    await expect(page.locator('canvas').first()).toBeVisible();
    await expectAccessible(page);
  });
}

for (const [path, sign] of [['/', 'tr[data-server="pulse"]'], ['/servers/pulse', '[data-server="pulse"] h1']] as const) {
  test(`${path} fits a phone of 360 pixels`, async ({ page }) => {
    await choose(page, { locale: 'zh-CN' });
    await page.setViewportSize({ width: 360, height: 780 });
    await page.goto(path);
    await expect(page.locator(sign)).toBeVisible();
    await expectNoSideways(page);
    await expectAccessible(page);
  });
}

test('the way to the content leads over the navigation', async ({ page }) => {
  await page.goto('/');
  await expect(page.locator('tr[data-server="pulse"]')).toBeVisible();
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to the content' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.locator('#content')).toBeFocused();
});
