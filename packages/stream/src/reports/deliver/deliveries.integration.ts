import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HOUR, ManualClock, MINUTE, SECOND } from '@vacancy/shared';
import { silentLog } from '../../log.js';
import { report, START } from '../fixture.js';
import { startTestEngine, type TestEngine } from '../../../../../test/harness/clickhouse.js';
import { openArchive, type Archive } from '../../../../../test/integration/reports/archive.js';
import { Deliveries } from './deliveries.js';
import type { ChatTarget } from '../../deliver/settings.js';

let engine: TestEngine;
let archive: Archive;
let clock: ManualClock;
let databases = 0;
beforeAll(async () => {
  engine = await startTestEngine();
});
afterAll(() => engine[Symbol.asyncDispose]());
beforeEach(async () => {
  archive = await openArchive(engine, `deliveries_${++databases}`, 'UTC');
  clock = new ManualClock(START + 7 * 24 * HOUR + 10 * MINUTE);
  return () => archive[Symbol.asyncDispose]();
});

/** A webhook that answers as it is told, and counts. */
async function hook(statuses: number[]) {
  const told = { count: 0 };
  const http = createServer((request, response) => {
    request.resume();
    response.writeHead(statuses[told.count++] ?? 200).end();
  }).listen(0, '127.0.0.1');
  await once(http, 'listening');
  return { told, url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/SECRET`, [Symbol.asyncDispose]: async () => void http.close() };
}

const target = (url: string): ChatTarget => ({ kind: 'webhook', name: 'lab', periods: ['week'], lang: 'en', revisions: false, alerts: false, url });
const deliveriesTo = (url: string, instance = 'one') =>
  new Deliveries({ db: archive.db, targets: [target(url)], instance, log: silentLog, allowPrivate: true, public_url: null, read: async () => report() }, clock);

describe('a delivery', () => {
  it('is tried again after failures, and its log names the target and the reason alone', async () => {
    await using there = await hook([500, 503]);
    await using deliveries = deliveriesTo(there.url);
    deliveries.deliver(report());
    for (const ms of [0, 30 * SECOND, 2 * MINUTE, HOUR]) {
      await deliveries.idle();
      clock.advance(ms);
    }
    await deliveries.idle();
    const log = await deliveries.list();
    expect(log.map(({ attempt, state, detail }) => `${attempt} ${state} ${detail}`.trim()).sort()).toEqual(['1 begun', '1 failed the webhook answered 500', '2 begun', '2 failed the webhook answered 503', '3 begun', '3 sent']);
    expect(there.told.count).toBe(3);
    expect(JSON.stringify(log)).not.toContain('SECRET');
  });

  it('is made by one of several instances', async () => {
    await using there = await hook([]);
    const instances = ['one', 'two', 'three'].map((name) => deliveriesTo(there.url, name));
    for (const one of instances) one.deliver(report());
    await Promise.all(instances.map((one) => one.idle()));
    clock.advance(HOUR);
    await Promise.all(instances.map((one) => one.idle()));
    expect(there.told.count).toBe(1);
    for (const one of instances) await one[Symbol.asyncDispose]();
  });

  it('that a process began and did not end is taken up by the next one', async () => {
    await using there = await hook([500]);
    const first = deliveriesTo(there.url);
    first.deliver(report());
    await first[Symbol.asyncDispose]();
    clock.advance(MINUTE);
    await using second = deliveriesTo(there.url, 'two');
    await second.resume();
    await second.idle();
    expect(there.told.count).toBe(2);
    await second.resume();
    await second.idle();
    expect(there.told.count).toBe(2);
  });
});
