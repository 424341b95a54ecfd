import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { tmpdir } from 'node:os';
import { jetstream } from '@nats-io/jetstream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFleet } from '@vacancy/agent/simulator';
import { HOUR, sampleSubject, type Hold, type Recommendation, type Sample, type Wish } from '@vacancy/shared';
import { mailServer } from '../../packages/stream/src/deliver/mail.fixture.js';
import { waitFor } from '../harness/nats.js';
import { startStack, type Stack } from '../harness/stack.js';

let stack: Stack;
let mails: Awaited<ReturnType<typeof mailServer>>;
let stop = () => {};
const file = path.join(tmpdir(), `vacancy-deliveries-${process.pid}.json`);
/** Who has a process on which card, beside those of the simulator. */
const joined = new Map<string, string>();

beforeAll(async () => {
  mails = await mailServer();
  const lab = { name: 'lab', kind: 'mail', from: 'vacancy@example.org', to: 'lab@example.org', periods: [], smtp: { host: '127.0.0.1', port: mails.port } };
  await writeFile(file, JSON.stringify({ deliveries: [lab] }));
  stack = await startStack({ env: { VACANCY_DELIVERIES_FILE: file } });
  const nats = await stack.connect();
  const js = jetstream(nats);
  const fleet = createFleet({ servers: 4, seed: 2, utc_offset_ms: 8 * HOUR });
  const publish = async (): Promise<void> => {
    const ts = Date.now();
    const samples = fleet.servers.map((server) => fleet.sampleAt(server, ts, 1000)).filter((sample) => sample !== null).map(withJoined);
    await Promise.all(samples.map((sample) => js.publish(sampleSubject(sample.server), JSON.stringify(sample)))).catch(() => {});
  };
  const timer = setInterval(publish, 1000);
  stop = () => {
    clearInterval(timer);
    void nats.close();
  };
  await waitFor(async () => (await stack.api<Recommendation>('/recommend')).servers.length > 0, 30_000, 'a card');
});
afterAll(async () => {
  stop();
  await stack?.[Symbol.asyncDispose]();
  await mails?.[Symbol.asyncDispose]();
  await rm(file, { force: true });
});

const withJoined = (sample: Sample): Sample => ({
  ...sample,
  gpus: sample.gpus.map((gpu) => {
    const user = joined.get(`${sample.server}/${gpu.id}`);
    return user === undefined ? gpu : { ...gpu, processes: [...(gpu.processes ?? []), { pid: 77, user, memory_used: 1 }] };
  }),
});
const post = async <T>(route: string, body: object): Promise<{ status: number; body: T }> => {
  const answer = await fetch(`${stack.url}/api/v1${route}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  return { status: answer.status, body: (await answer.json()) as T };
};
const cardsOf = ({ servers }: Recommendation): string[] => servers.flatMap(({ server, gpus }) => gpus.map(({ id }) => `${server}/${id}`));

describe('advice in the whole stack, over a simulated fleet', () => {
  it('gives two who ask at once different cards, holds them across a restart, and lets go when the holder has begun', async () => {
    const [first] = (await stack.api<Recommendation>('/recommend?by=ann')).servers;
    const wanted = { server: first!.server, gpus: first!.gpus.map(({ id }) => id) };
    const answers = await Promise.all(['ann', 'ben'].map((by) => post<Hold>('/holds', { ...wanted, by, minutes: 5 })));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
    const held = answers.find(({ status }) => status === 201)!.body;
    const card = `${held.server}/${held.gpus[0]}`;
    expect(cardsOf(await stack.api<Recommendation>('/recommend?limit=100'))).not.toContain(card);

    await stack.restart();
    expect(await stack.api('/holds')).toEqual({ holds: [held] });
    await waitFor(async () => cardsOf(await stack.api<Recommendation>('/recommend?limit=100')).length > 0, 30_000, 'a card after the restart');
    expect(cardsOf(await stack.api<Recommendation>('/recommend?limit=100'))).not.toContain(card);

    joined.set(card, held.by);
    await waitFor(async () => (await stack.api<{ holds: Hold[] }>('/holds')).holds.length === 0, 15_000, 'the end of the hold');
  });

  it('mails a wish that came true, once, also across a restart', async () => {
    const wish = { gpus: 1, memory: '1GiB', by: 'ann', notify: 'ann@example.org' };
    const { status, body } = await post<Wish>('/wishes', wish);
    expect({ status, state: body.state, notify: body.notify }).toEqual({ status: 201, state: 'waiting', notify: 'mail' });
    await stack.restart();
    expect((await stack.api<{ wishes: Wish[] }>('/wishes')).wishes).toMatchObject([{ id: body.id, state: 'waiting' }]);
    await waitFor(() => mails.mails.length > 0, 60_000, 'the mail');
    await waitFor(async () => (await stack.api<{ wishes: Wish[] }>('/wishes')).wishes[0]?.delivery === 'sent', 5000, 'the note of it');
    await stack.restart();
    await new Promise((done) => setTimeout(done, 3000));
    expect(mails.commands.filter((line) => line.startsWith('RCPT'))).toEqual(['RCPT TO:<ann@example.org>']);
  });

  it('is written down with who asked and what was true', async () => {
    const answer = await stack.api<Recommendation>('/recommend?gpus=2&spread=true&memory=1GiB&by=carol');
    await waitFor(async () => (await stack.sql(`SELECT id FROM vacancy.recommendations WHERE asked_by = 'carol'`)).length > 0, 15_000, 'the row');
    expect(await stack.sql(`SELECT gpus, memory, server, cards.id AS ids FROM vacancy.recommendations WHERE asked_by = 'carol'`)).toEqual([
      { gpus: 2, memory: 2 ** 30, server: answer.servers[0]!.server, ids: answer.servers[0]!.gpus.map(({ id }) => id) },
    ]);
  });
});
