import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import { INVENTORY_STREAM, INVENTORY_SUBJECTS, SAMPLES_STREAM, SAMPLE_SUBJECTS, inventorySubject, sampleSubject } from '@vacancy/shared';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { enroll, revoke } from '../../packages/stream/src/enroll/index.js';
import { TestHub, seedOf } from '../harness/hub.js';
import { waitFor } from '../harness/nats.js';

/** Publishes and waits for JetStream's own answer. @returns its error text, or the stream's name. */
async function publish(connection: NatsConnection, subject: string, extra?: ReturnType<typeof headers>): Promise<string> {
  const answer = await connection.request(subject, '{}', { timeout: 1_500, ...(extra && { headers: extra }) });
  const ack = answer.json<{ stream?: string; error?: { description: string } }>();
  return ack.error?.description ?? ack.stream!;
}

/** Publishes as an attacker would, and gives the broker time to do what it does. */
async function throwAt(connection: NatsConnection, subject: string, reply?: string, extra?: ReturnType<typeof headers>): Promise<void> {
  connection.publish(subject, '{}', { ...(reply && { reply }), ...(extra && { headers: extra }) });
  await connection.flush();
  await new Promise((resolve) => setTimeout(resolve, 150));
}

describe('an enrolled agent', () => {
  let hub: TestHub;
  let stream: NatsConnection;
  let a: NatsConnection;
  let b: NatsConnection;
  beforeAll(async () => {
    hub = await TestHub.start();
    stream = await hub.connect({ seed: seedOf(hub.hub) });
    const manager = await jetstreamManager(stream);
    const safe = { deny_delete: true, deny_purge: true, allow_rollup_hdrs: false };
    await manager.streams.add({ name: SAMPLES_STREAM, subjects: [SAMPLE_SUBJECTS], ...safe });
    await manager.streams.add({ name: INVENTORY_STREAM, subjects: [INVENTORY_SUBJECTS], max_msgs_per_subject: 1, ...safe });
    await manager.streams.add({ name: 'OTHER', subjects: ['other.*'] });
    await manager.streams.add({ name: 'KV_agents', subjects: ['$KV.agents.>'], allow_rollup_hdrs: true });
    for (let i = 0; i < 5; i++) {
      await jetstream(stream).publish('other.x', 'x');
      await jetstream(stream).publish(`$KV.agents.${i}`, 'x');
    }
    a = await hub.agent('a');
    b = await hub.agent('b');
  });
  afterAll(() => hub[Symbol.asyncDispose]());

  const stored = async (name: string, subject?: string): Promise<number> => {
    const info = await (await jetstreamManager(stream)).streams.info(name, subject ? { subjects_filter: subject } : undefined);
    return subject ? (info.state.subjects?.[subject] ?? 0) : info.state.messages;
  };
  const refused = /permissions violation/i;

  it('publishes its samples and its inventory, and gets their acknowledgements', async () => {
    expect(await publish(a, sampleSubject('a'))).toBe(SAMPLES_STREAM);
    expect(await publish(a, inventorySubject('a'))).toBe(INVENTORY_STREAM);
  });

  it("may ask for the broker's time, and learns nothing about other accounts by it", async () => {
    const ask = (subject: string, question = '') => a.request(subject, question, { timeout: 1_500 }).then((message) => message.string(), (error: Error) => error.message);
    // 2.9 forgets these services when its configuration is read again: allowed, and nobody there to answer.
    for (const subject of ['$SYS.REQ.USER.INFO', '$SYS.REQ.ACCOUNT.PING.STATZ'])
      for (const question of ['', '{"accounts":["VACANCY"]}']) {
        const answer = await ask(subject, question);
        expect(answer).toMatch(/no responders|"time":/);
        expect(answer).not.toContain('VACANCY');
      }
    for (const call of ['SERVER.PING', 'SERVER.PING.CONNZ', 'ACCOUNT.AGENTS.CONNZ', 'ACCOUNT.PING.CONNZ', 'ACCOUNT.VACANCY.STATZ']) expect(await ask(`$SYS.REQ.${call}`), call).toMatch(refused);
  });

  it("cannot publish as another, by subject or by the reply that its acknowledgement goes to", async () => {
    const before = await stored(SAMPLES_STREAM, sampleSubject('b'));
    await expect(publish(a, sampleSubject('b'))).rejects.toThrow(refused);
    await expect(publish(a, inventorySubject('b'))).rejects.toThrow(refused);
    await throwAt(a, sampleSubject('a'), sampleSubject('b'));
    expect(await stored(SAMPLES_STREAM, sampleSubject('b'))).toBe(before);
  });

  it("can read neither samples nor anybody's answers, not even its own samples", async () => {
    for (const subject of ['>', 'vacancy.>', sampleSubject('a'), sampleSubject('b'), '_INBOX.>', '_INBOX_b.>', '$JS.>', '_INBOX_*.>']) {
      const failure = new Promise<string>((resolve) => {
        a.subscribe(subject, { callback: (error, message) => resolve(error ? error.message : `heard ${message.subject}`) });
      });
      await publish(b, sampleSubject('b'));
      expect(await failure, subject).toMatch(refused);
    }
  });

  it('has no JetStream at all: nothing to list, read, consume, delete or purge', async () => {
    for (const call of ['INFO', 'STREAM.NAMES', 'STREAM.INFO.SAMPLES', 'STREAM.DELETE.OTHER', 'STREAM.PURGE.OTHER', 'STREAM.MSG.GET.SAMPLES', 'STREAM.CREATE.MINE', 'CONSUMER.CREATE.SAMPLES', 'DIRECT.GET.SAMPLES.vacancy.v1.sample.b'])
      await expect(a.request(`$JS.API.${call}`, '{}', { timeout: 1_000 }), call).rejects.toThrow(refused);
    expect(await stored('OTHER')).toBe(5);
  });

  it('cannot turn an acknowledgement into a request by the reply subject it names', async () => {
    for (const reply of ['$JS.API.STREAM.PURGE.OTHER', '$JS.API.STREAM.DELETE.OTHER', '$KV.agents.0', 'other.x']) await throwAt(a, sampleSubject('a'), reply);
    expect(await stored('OTHER')).toBe(5);
    expect(await stored('KV_agents')).toBe(5);
  });

  it('cannot wipe a key-value bucket or roll a stream up', async () => {
    const rollup = headers();
    rollup.set('Nats-Rollup', 'all');
    await expect(publish(a, '$KV.agents.a', rollup)).rejects.toThrow(refused);
    await throwAt(a, sampleSubject('a'), '$KV.agents.a', rollup);
    expect(await stored('KV_agents')).toBe(5);
    const before = await stored(SAMPLES_STREAM);
    expect(await publish(a, sampleSubject('a'), rollup)).toMatch(/rollup/);
    expect(await stored(SAMPLES_STREAM)).toBe(before);
  });

  it('cannot send more than a sample holds', async () => {
    const before = await stored(SAMPLES_STREAM);
    const big = await hub.agent('big');
    const answer = big.request(sampleSubject('big'), new Uint8Array(70 * 1024), { timeout: 1_000 }).then(() => 'stored', () => 'refused');
    expect(await answer).toBe('refused');
    expect(await stored(SAMPLES_STREAM)).toBe(before);
    expect(await publish(b, sampleSubject('b'))).toBe(SAMPLES_STREAM);
  });

  it('is cut off at once when it is revoked, while the others go on without a gap and new ones come', async () => {
    const gone = await hub.agent('gone');
    expect(await publish(gone, sampleSubject('gone'))).toBe(SAMPLES_STREAM);
    const before = await stored(SAMPLES_STREAM, sampleSubject('b'));
    const disturbances: string[] = [];
    void (async () => {
      for await (const status of b.status()) disturbances.push(status.type);
    })();
    let going = true;
    let sent = 0;
    const steady = (async () => {
      while (going) {
        const message = headers();
        message.set('Nats-Msg-Id', `b:x:${sent}`);
        // A reload may answer a publish with "no responders"; agents send it again under the same message id, and so does this one.
        if ((await publish(b, sampleSubject('b'), message).catch(() => '')) === SAMPLES_STREAM) sent++;
      }
    })();
    const closed = Promise.race([gone.closed(), (async () => { for await (const status of gone.status()) if (status.type === 'disconnect') return; })()]);
    expect(await revoke(hub.hub.dir, 'gone')).toBe('reloaded');
    await closed;
    const late = await hub.agent('late');
    expect(await publish(late, sampleSubject('late'))).toBe(SAMPLES_STREAM);
    going = false;
    await steady;
    expect(disturbances).toEqual([]);
    expect(sent).toBeGreaterThan(0);
    expect(await stored(SAMPLES_STREAM, sampleSubject('b'))).toBe(before + sent);
    await waitFor(() => gone.isClosed(), 5_000, 'the revoked agent gives up');
  });

  it('gives way to its new key when that is replaced', async () => {
    const old = await hub.agent('moved');
    const { seed } = await enroll(hub.hub.dir, 'moved', { replace: true });
    await waitFor(() => old.isClosed(), 5_000, 'the old key is refused');
    expect(await publish(await hub.connect({ seed, id: 'moved' }), sampleSubject('moved'))).toBe(SAMPLES_STREAM);
  });
});

describe('the door of the broker', () => {
  it('is open to programs of the same machine while it listens on loopback', async () => {
    await using hub = await TestHub.start();
    const local = await hub.connect();
    await expect(jetstreamManager(local)).resolves.toBeDefined();
  });

  it('asks everybody for credentials when others can reach it', async () => {
    await using hub = await TestHub.start('0.0.0.0');
    await expect(hub.connect({ reconnect: false })).rejects.toThrow(/authorization/i);
    const stranger = `SU${'A'.repeat(56)}`;
    await expect(hub.connect({ seed: stranger, reconnect: false })).rejects.toThrow();
    const agent = await hub.agent('a');
    expect(agent.isClosed()).toBe(false);
    await expect(jetstreamManager(await hub.connect({ seed: seedOf(hub.hub) }))).resolves.toBeDefined();
  });
});
