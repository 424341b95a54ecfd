import { expect, test } from '@playwright/test';
import { choose, errorsOf, expectAccessible, expectNoSideways } from './axe.ts';

/** Only this server has such cards: its place in the answer is known. */
const PULSE = '/find?gpus=1&memory_gib=20&model=Pulse';

test.afterEach(async ({ page }) => {
  for (const kind of ['holds', 'wishes'] as const) {
    const list = ((await (await page.request.get(`/api/v1/${kind}`)).json()) as Record<string, { id: string }[]>)[kind]!;
    for (const { id } of list) await page.request.delete(`/api/v1/${kind}/${id}`);
  }
});

test('the answer names the cards, why them, and why not the others', async ({ page }) => {
  const errors = errorsOf(page);
  await page.goto(PULSE);
  const answer = page.getByTestId('answer').locator('li[data-server="pulse"]');
  await expect(answer).toContainText('22.0 GiB free');
  await expect(answer).toContainText('CUDA_VISIBLE_DEVICES=0');
  await expect(answer).toContainText('Card 0 has 22.0 GiB of 24.0 GiB free');
  await page.getByText(/^Why not the other/).click();
  await expect(page.getByTestId('rejected')).toContainText('No card of model “Pulse”');
  expect(errors).toEqual([]);
});

test('cards may lie on several servers: all that are shown are needed', async ({ page }) => {
  await page.goto('/find?memory_gib=0');
  await expect(page.getByLabel('May lie on several servers')).toHaveCount(0);
  await page.locator('#want-gpus').fill('2');
  await page.getByLabel('May lie on several servers').check();
  await expect(page).toHaveURL(/gpus=2.*spread=true/);
  await expect(page.getByTestId('answer').getByRole('status').first()).toContainText(/^2 cards (on 1 server|together on 2 servers)$/);
});

test('asking for more than there is says so, server by server', async ({ page }) => {
  await page.goto('/find');
  await page.locator('#want-memory').fill('4000');
  await expect(page).toHaveURL(/memory_gib=4000/);
  await expect(page.getByText('No server has this right now')).toBeVisible();
  await expect(page.getByTestId('rejected').locator('li', { has: page.getByRole('link', { name: 'pulse' }) })).toContainText('No card has 3.9 TiB free; the best has 22.0 GiB');
});

test('a hold is shown to everybody, takes the card out of the answer, and can be released', async ({ page, context }) => {
  await page.goto(PULSE);
  await page.getByRole('button', { name: 'Hold', exact: true }).click();
  await expect(page.getByRole('status').filter({ hasText: 'Say who you are first' })).toBeVisible();
  await page.getByLabel('Your name').fill('ann');
  await page.getByRole('button', { name: 'Hold', exact: true }).click();
  await expect(page.getByTestId('holds')).toContainText('ann (you)');
  await expect(page.getByTestId('rejected')).toContainText('Held by ann');

  const other = await context.newPage();
  await other.goto(PULSE);
  await expect(other.getByTestId('holds')).toContainText('pulse');
  await expect(other.getByLabel('Your name')).toHaveValue('ann');

  await page.getByTestId('holds').getByRole('button', { name: /Release/ }).click();
  await expect(page.getByTestId('answer').locator('li[data-server="pulse"]')).toBeVisible();
  await expect(page.getByTestId('holds')).toContainText('Nobody holds a card.');
});

test('a wish waits in the list, comes true once, and says so on any page', async ({ page }) => {
  test.setTimeout(120_000);
  await choose(page, { user: 'ann' });
  await page.goto('/find?gpus=1&memory_gib=4000');
  await page.getByRole('button', { name: 'Tell me when' }).click();
  await expect(page.getByTestId('wishes')).toContainText('waiting');
  await page.getByTestId('wishes').getByRole('button', { name: 'Cancel the wish of ann' }).click();
  await expect(page.getByTestId('wishes')).toContainText('Nobody is waiting.');

  await page.goto(PULSE);
  await page.getByRole('button', { name: 'Tell me when' }).click();
  await expect(page.getByTestId('wishes')).toContainText('ann (you)');
  await page.getByRole('link', { name: 'GPUs' }).click();
  const notice = page.getByTestId('granted');
  // It is granted after half a minute without a break.
  await expect(notice).toContainText('pulse, cards 0', { timeout: 75_000 });
  await notice.getByRole('button', { name: 'Close' }).click();
  await expect(notice).toHaveCount(0);
  // Once: not again when a page is opened anew, unless this browser has not said it yet.
  const heard = page.waitForResponse('**/api/v1/wishes');
  await page.reload();
  await heard;
  await expect(notice).toHaveCount(0);
  await page.evaluate(() => localStorage.removeItem('vacancy.granted'));
  await page.reload();
  await expect(notice).toContainText('pulse, cards 0');
});

test('the record of recommendations is honest while there is none', async ({ page }) => {
  await page.goto('/find');
  await expect(page.getByTestId('hits')).toContainText(/Nothing has been judged yet|could not be judged|hit rate by hour/);
});

test('the page reads in Chinese, fits a phone and has no grave accessibility finding', async ({ page }) => {
  await choose(page, { locale: 'zh-CN', theme: 'dark' });
  await page.setViewportSize({ width: 360, height: 780 });
  await page.goto(PULSE);
  await expect(page.getByRole('heading', { name: '找卡' })).toBeVisible();
  await expect(page.getByTestId('answer').locator('li[data-server="pulse"]')).toContainText('0 号卡空闲 22.0 GiB，共 24.0 GiB');
  await expectNoSideways(page);
  await expectAccessible(page);
});

test('the page has no grave accessibility finding in light English', async ({ page }) => {
  await choose(page, {});
  await page.goto('/find');
  await expect(page.getByTestId('answer').locator('li[data-server]').first()).toBeVisible();
  await page.getByText(/^Why not the other/).click();
  await page.getByText('Model, place, CPU, main memory').click();
  await expectAccessible(page);
});
