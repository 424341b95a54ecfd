import { randomUUID } from 'node:crypto';
import { jetstream } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { expect, test } from '@playwright/test';
import { GIB, inventorySubject, sampleSubject, type Inventory, type Sample } from '@vacancy/shared';
import { choose, errorsOf, expectAccessible, expectNoSideways } from './axe.ts';

/** A server whose name is somebody's idea of a joke: it says one thing and falls silent. */
const QUIET = 'quiet';
const NAME = '<img src=x onerror=alert(1)>';

test.beforeAll(async () => {
  const nats = await connect({ servers: process.env.VACANCY_E2E_NATS! });
  const streams = jetstream(nats);
  const inventory: Inventory = { v: 1, server: QUIET, name: NAME, gpu_num: 0, gpus: [], memory_limit: 64 * GIB, hdd_total: 1000 * GIB };
  const sample: Sample = {
    v: 1, server: QUIET, boot_id: randomUUID(), seq: 0, ts: Date.now(), interval_ms: 1000, uptime_s: 1000, cpu: 5,
    memory_total: 64 * GIB, memory_used: 16 * GIB, hdd_total: 1000 * GIB, hdd_used: 250 * GIB, network_in: 0, network_out: 0, gpus: [],
  };
  await streams.publish(inventorySubject(QUIET), JSON.stringify(inventory));
  await streams.publish(sampleSubject(QUIET), JSON.stringify(sample));
  await nats.close();
});

test('a server that fell silent is counted at the bell, and named as it is called on the page behind it', async ({ page }) => {
  test.setTimeout(120_000);
  const errors = errorsOf(page);
  await page.goto('/');
  const bell = page.getByRole('link', { name: /wrong now/ });
  await expect(bell).toHaveAccessibleName(/^(One thing is|\d+ things are) wrong now$/, { timeout: 60_000 });
  await bell.click();
  // Others may be silent already; this one is told after half a minute, on the page that is open.
  await expect(page).toHaveURL(/\/alerts$/);
  const standing = page.getByTestId('standing').locator('li', { hasText: NAME });
  await expect(standing).toContainText('Fell silent', { timeout: 60_000 });
  await expect(page.getByTestId('recent').locator('li', { hasText: NAME })).toBeVisible();
  await standing.getByRole('link', { name: NAME }).click();
  await expect(page).toHaveURL(new RegExp(`/servers/${QUIET}$`));
  expect(errors).toEqual([]);
});

for (const [locale, theme] of [['zh-CN', 'dark'], ['en', 'light']] as const) {
  test(`the page fits a phone and has no grave accessibility finding (${locale}, ${theme})`, async ({ page }) => {
    await choose(page, { locale, theme });
    await page.setViewportSize({ width: 360, height: 780 });
    await page.goto('/alerts');
    await expect(page.getByTestId('standing').locator('li').first()).toBeVisible();
    await expect(page.getByTestId('standing')).toContainText(locale === 'en' ? 'Fell silent' : '服务器失联');
    await expectNoSideways(page);
    await expectAccessible(page);
  });
}
