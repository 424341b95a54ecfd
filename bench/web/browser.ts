import { chromium, type Browser, type CDPSession, type Page } from '@playwright/test';
import { resolveChromium } from '../../tools/chromium.mjs';

/** Large enough that the card matrix of a thousand servers and the table below it are both on the screen, so that both are painted. */
const VIEWPORT = { width: 1920, height: 1800 };

/** A busy machine opens a page slowly; that is not what is measured. */
const PATIENCE_MS = 90_000;

export interface Shown {
  readonly page: Page;
  readonly devtools: CDPSession;
}

/** A headless Chromium without a graphics card: what it draws, the processor draws. */
export async function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: await resolveChromium(),
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run', '--disable-extensions'],
    // Whoever started the servers ends them too, the browser first.
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
  });
}

/** The home page, with its table of servers filled. `prepare` runs in the page before any of its own code. */
export async function openHome(browser: Browser, url: string, prepare?: () => void): Promise<Shown> {
  const context = await browser.newContext({ viewport: VIEWPORT, locale: 'en-GB' });
  const page = await context.newPage();
  // The compiler of these scripts wraps named functions in a helper of its own, which a page does not have.
  await page.addInitScript('globalThis.__name = (value) => value;');
  if (prepare) await page.addInitScript(prepare);
  await page.goto(url, { waitUntil: 'commit', timeout: PATIENCE_MS });
  await page.locator('tr[data-server]').first().waitFor({ timeout: PATIENCE_MS });
  return { page, devtools: await context.newCDPSession(page) };
}
