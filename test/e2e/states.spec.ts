import { expect, test, type Page } from '@playwright/test';
import { choose, expectNoSideways } from './axe.ts';
import { HOSTILE } from './hostile.ts';

const SOCKET = /\/socket\.io\//;
const state = (page: Page) => page.locator('.strip .state');

/** Runs in the page, before its own code: the line to the service can be cut, and new ones fail as they do without a service. */
function cuttable({ cut }: { cut: boolean }): void {
  const lines = new Set<WebSocket>();
  const page = globalThis as unknown as { WebSocket: typeof WebSocket; line: { cut(): void; mend(): void } };
  page.WebSocket = class extends WebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(cut ? 'ws://127.0.0.1:9/' : url, protocols);
      lines.add(this);
    }
  };
  page.line = {
    cut() {
      cut = true;
      for (const one of lines) one.close();
      lines.clear();
    },
    mend: () => void (cut = false),
  };
}
const setLine = (page: Page, how: 'cut' | 'mend'): Promise<void> => page.evaluate((name) => (globalThis as unknown as { line: Record<string, () => void> }).line[name]!(), how);

for (const [locale, said] of [['en', ['Reconnecting…', 'Offline', 'Live', 'What you see is from']], ['zh-CN', ['正在重连…', '已断开', '实时', '当前显示的是']]] as const) {
  test(`a page that lost the service keeps what it showed, says from when it is, and goes on by itself (${locale})`, async ({ page }) => {
    const [reconnecting, offline, live, stale] = said;
    await choose(page, { locale });
    await page.addInitScript(cuttable, { cut: false });
    await page.goto('/');
    const cpu = page.locator('tr[data-server="pulse"] [data-field="cpu"]');
    await expect(cpu).toBeVisible();
    await setLine(page, 'cut');
    await expect(state(page)).toHaveText(reconnecting);
    await expect(page.locator('section.strip')).toContainText(stale);
    const last = await cpu.innerText();
    await expect(state(page)).toHaveText(offline, { timeout: 20_000 });
    expect(await cpu.innerText()).toBe(last);
    await setLine(page, 'mend');
    await expect(state(page)).toHaveText(live);
    await expect(page.locator('section.strip')).not.toContainText(stale);
    await expect.poll(() => cpu.innerText()).not.toBe(last);
  });
}

test('pages that never reached the service say so, and that nothing needs to be done', async ({ context }) => {
  await context.addInitScript(cuttable, { cut: true });
  const pages = await Promise.all(['/', '/gpus', '/trends', '/wall'].map(async (path) => {
    const page = await context.newPage();
    await page.goto(path);
    return page;
  }));
  await expect(pages[0]!.locator('.skeleton').first()).toBeVisible();
  for (const page of pages) await expect(page.getByText('The service cannot be reached.')).toBeVisible({ timeout: 20_000 });
});

for (const [locale, said] of [['en', 'No server has reported yet'], ['zh-CN', '还没有服务器上报数据']] as const) {
  test(`an empty fleet says how to begin (${locale})`, async ({ page }) => {
    await choose(page, { locale });
    const overview = { ...((await (await page.request.get('/api/v1/overview')).json()) as object), server_num: 0, online_num: 0, gpu_num: 0, like_server: [] };
    await page.routeWebSocket(SOCKET, (socket) => {
      socket.send('0{"sid":"a","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":100000}');
      socket.onMessage((message) => {
        if (message === '40') socket.send('40{"sid":"b"}');
        else if (String(message).includes('"subscribe"')) socket.send(`42${JSON.stringify(['snapshot', { topic: 'fleet', ts: Date.now(), data: { overview, servers: [] } }])}`);
      });
    });
    await page.setViewportSize({ width: 360, height: 780 });
    await page.goto('/');
    await expect(page.getByRole('heading', { name: said })).toBeVisible();
    await expect(page.getByText('npm start -- --demo 12')).toBeVisible();
    await expectNoSideways(page);
  });
}

test('a silent server keeps its last values and says since when', async ({ page }) => {
  await page.goto('/servers/silent');
  await expect(page.getByText('This server is silent')).toBeVisible();
  await expect(page.getByText(/Since .* ago\)\. The figures below are the last it sent\./)).toBeVisible();
  await expect(page.locator('[data-gpu="0"]')).toContainText('22.0 GiB free');
  await page.goto('/?state=offline');
  await expect(page.locator('tr[data-server="silent"]')).toContainText('Offline');
  // Simulated servers are away at times, too.
  const rows = page.locator('tr[data-server]');
  await expect(rows.filter({ hasText: 'Offline' })).toHaveCount(await rows.count());
  await expect(page.locator('tr[data-server="pulse"]')).toHaveCount(0);
});

test('a database that does not answer is said on the spot and tried again; live figures go on', async ({ page }) => {
  let broken = true;
  await page.route(/\/series\?/, (route) => (broken ? route.fulfill({ status: 503, json: { error: { code: 'unavailable', message: 'no database' } } }) : route.continue()));
  await page.goto('/servers/pulse');
  await expect(page.getByText('The history could not be loaded')).toBeVisible();
  const cpu = page.getByTestId('cpu');
  const before = await cpu.innerText();
  await expect.poll(() => cpu.innerText()).not.toBe(before);
  broken = false;
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByText('The history could not be loaded')).toHaveCount(0);
});

test('names from outside are text, never markup, on every page', async ({ page }) => {
  const dialogs: string[] = [];
  page.on('dialog', (dialog) => {
    dialogs.push(dialog.message());
    void dialog.dismiss();
  });
  // Today where the reports begin their days.
  const day = new Intl.DateTimeFormat('en-CA', { timeZone: 'Asia/Shanghai' }).format();
  for (const path of ['/', `/servers/${HOSTILE.server}`, `/gpus?card=${HOSTILE.server}:0`, '/find?gpus=1&memory_gib=20&model=script', `/trends?servers=${HOSTILE.server}`, `/reports/day/${day}`, '/wall?every=3600']) {
    await page.goto(path);
    await expect(page.getByText(HOSTILE.name).filter({ visible: true }).first()).toBeVisible();
    if (await page.locator('canvas').count()) await page.locator('canvas').first().hover({ force: true });
    expect(await page.locator('img, b, [onclick], [onerror], body script').evaluateAll((found) => found.filter((one) => !one.hasAttribute('src') || one.tagName === 'IMG').map((one) => one.outerHTML)), path).toEqual([]);
  }
  expect(dialogs).toEqual([]);
});

test('the policy lets no script run but the page’s own files', async ({ page }) => {
  const policy = (await page.goto('/'))!.headers()['content-security-policy'] ?? '';
  const scripts = /(?:^|;)\s*script-src ([^;]*)/.exec(policy)?.[1] ?? /(?:^|;)\s*default-src ([^;]*)/.exec(policy)?.[1];
  expect(scripts?.trim()).toBe("'self'");
});
