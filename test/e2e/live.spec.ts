import { expect, test, type Locator, type Page } from '@playwright/test';

/** What a figure says over time, until it has said `times` different things. */
async function changes(figure: Locator, times: number): Promise<void> {
  const seen = new Set<string>();
  await expect
    .poll(async () => {
      seen.add(await figure.innerText());
      return seen.size;
    }, { timeout: 40_000 })
    .toBeGreaterThanOrEqual(times);
}

const rowOf = (page: Page, server: string) => page.locator(`tr[data-server="${server}"]`);

test('the home page shows this host, and CPU figures change by themselves', async ({ page }) => {
  await page.goto('/');
  await expect(rowOf(page, 'this-host')).toBeVisible();
  await changes(rowOf(page, 'pulse').locator('[data-field="cpu"]'), 3);
});

test('the home page counts what is there, in both languages', async ({ page }) => {
  const { overview } = await page.request.get('/api/v1/overview').then(async (answer) => ({ overview: (await answer.json()) as { server_num: number; gpu_num: number } }));
  await page.goto('/');
  await expect(page.getByTestId('server_num')).toHaveText(String(overview.server_num));
  await expect(page.getByTestId('gpu_num')).toHaveText(String(overview.gpu_num));
  await page.getByRole('button', { name: '中文' }).click();
  await expect(page.locator('html')).toHaveAttribute('lang', /^zh/);
  await expect(page.getByRole('link', { name: '首页' })).toBeVisible();
});

test('simulated servers are labelled', async ({ page }) => {
  await page.goto('/');
  await expect(rowOf(page, 'sim01')).toContainText('Simulated');
  await expect(rowOf(page, 'this-host')).not.toContainText('Simulated');
});

test('a server page shows live figures and charts of its past', async ({ page }) => {
  await page.goto('/servers/this-host');
  await expect(page.getByRole('heading', { name: 'this-host' })).toBeVisible();
  await expect(page.locator('canvas').first()).toBeVisible();
  await page.goto('/servers/pulse');
  await changes(page.getByTestId('cpu'), 3);
});

test('a server that nobody knows is a page that says so', async ({ page }) => {
  await page.goto('/servers/nobody');
  await expect(page.getByText('nobody')).toBeVisible();
});

test('no script runs that the page did not bring, and no error is logged', async ({ page }) => {
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  await page.goto('/');
  await expect(rowOf(page, 'this-host')).toBeVisible();
  expect(errors).toEqual([]);
});
