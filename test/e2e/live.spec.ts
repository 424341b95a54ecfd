import { expect, test } from '@playwright/test';

test('the home page shows every server, and the CPU figure of this host changes by itself', async ({ page }) => {
  await page.goto('/');
  const row = page.getByTestId('server-row').filter({ hasText: 'this-host' }).first();
  await expect(row).toBeVisible();
  const cpu = row.getByTestId('cpu');
  const seen = new Set<string>();
  await expect
    .poll(async () => {
      seen.add(await cpu.innerText());
      return seen.size;
    })
    .toBeGreaterThan(1);
});

test('a server page continues its history live', async ({ page }) => {
  await page.goto('/servers/this-host');
  await expect(page.getByRole('heading', { name: 'this-host' })).toBeVisible();
  await expect(page.locator('canvas').first()).toBeVisible();
});
