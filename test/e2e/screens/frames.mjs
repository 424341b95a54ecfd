// How long frames of the home page take with 1,000 servers × 8 cards at 1 Hz, and whether its heap grows.
//   node test/e2e/screens/frames.mjs [seconds] [fleet] [path]
import { chromium } from '@playwright/test';
import { preview } from './preview.mjs';

const [seconds = '20', fleet = '1000x8', path = '/'] = process.argv.slice(2);
const build = await preview();
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--enable-precise-memory-info', '--js-flags=--expose-gc'] });
try {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  page.on('pageerror', (error) => console.error(error.message));
  await page.goto(`${build.url}${path}?replay=${fleet}`);
  await page.waitForSelector('[data-server]');
  for (const place of ['top', 'bottom']) {
    if (place === 'bottom') await page.evaluate(() => window.scrollTo({ top: document.body.scrollHeight }));
    await page.waitForTimeout(2_000);
    console.log(place, JSON.stringify(await page.evaluate(measure, Number(seconds))));
  }
} finally {
  await browser.close();
  await build.close();
}

async function measure(seconds) {
  const work = [];
  const observer = new PerformanceObserver((list) => work.push(...list.getEntries().map((entry) => entry.duration)));
  observer.observe({ type: 'longtask' });
  const heap = () => (globalThis.gc?.(), performance.memory.usedJSHeapSize / 1e6);
  const before = heap();
  const frames = [];
  let last = performance.now();
  const end = last + seconds * 1000;
  await new Promise((done) => {
    requestAnimationFrame(function frame(now) {
      frames.push(now - last);
      last = now;
      if (now < end) requestAnimationFrame(frame);
      else done();
    });
  });
  observer.disconnect();
  frames.sort((a, b) => a - b);
  const at = (share) => Number(frames[Math.floor(share * (frames.length - 1))].toFixed(1));
  return { frames: frames.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1), longtasks: work.length, heap_mb: [before, heap()].map(Math.round) };
}
