import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';

/** No finding that axe calls serious or critical. The page must have come to rest: a skeleton would pass everything. */
export async function expectAccessible(page: Page): Promise<void> {
  const { violations, passes } = await new AxeBuilder({ page }).analyze();
  expect(passes.length).toBeGreaterThan(10);
  const grave = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  expect(grave.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`)).toEqual([]);
}

/** Sets language and theme as the page itself remembers them, before its first script runs. */
export const choose = (page: Page, { locale = 'en', theme = 'light', user = '' }: { locale?: 'en' | 'zh-CN'; theme?: 'light' | 'dark'; user?: string }): Promise<unknown> =>
  page.addInitScript(
    ([language, colours, name]) => {
      localStorage.setItem('vacancy.locale', language);
      localStorage.setItem('vacancy.theme', colours);
      if (name && !localStorage.getItem('vacancy.user')) localStorage.setItem('vacancy.user', name);
    },
    [locale, theme, user] as const,
  );

/** Errors of the page and its console, from now on. */
export function errorsOf(page: Page): string[] {
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  return errors;
}

export async function expectNoSideways(page: Page): Promise<void> {
  expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBeLessThanOrEqual(0);
}
