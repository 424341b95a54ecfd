import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect, nkeyAuthenticator, type NatsConnection } from '@nats-io/transport-node';
import { expect } from 'vitest';
import { enroll, prepareHub, type Hub } from '../../packages/stream/src/enroll/index.js';
import { resolveNatsServer } from '../../tools/nats-server.mjs';
import { freePort, waitFor } from './nats.js';

/** A broker as the hub starts it. */
export class TestHub implements AsyncDisposable {
  readonly hub: Hub;
  readonly port: number;
  readonly #folder: string;
  readonly #child: ChildProcess;
  readonly #connections: NatsConnection[] = [];

  private constructor(hub: Hub, port: number, folder: string, child: ChildProcess) {
    this.hub = hub;
    this.port = port;
    this.#folder = folder;
    this.#child = child;
  }

  static async start(host = '127.0.0.1'): Promise<TestHub> {
    const folder = await mkdtemp(path.join(tmpdir(), 'vacancy-hub-'));
    const port = await freePort();
    const server = await resolveNatsServer();
    const hub = await prepareHub({ data_dir: folder, port, host, version: server.version });
    const started = new TestHub(hub, port, folder, spawn(server.path, ['-c', hub.config], { stdio: 'ignore' }));
    await waitFor(() => started.connect({ seed: seedOf(hub), reconnect: false }).then(() => true, () => false), 10_000, 'nats-server');
    return started;
  }

  async connect({ seed, id, reconnect = true }: { seed?: string | Promise<string>; id?: string; reconnect?: boolean } = {}): Promise<NatsConnection> {
    const connection = await connect({
      servers: `127.0.0.1:${this.port}`, timeout: 2_000, reconnect, reconnectTimeWait: 50, maxReconnectAttempts: 3,
      ...(id && { inboxPrefix: `_INBOX_${id}` }),
      ...(seed && { authenticator: nkeyAuthenticator(new TextEncoder().encode(await seed)) }),
    });
    this.#connections.push(connection);
    return connection;
  }

  async agent(id: string): Promise<NatsConnection> {
    const { seed, reload } = await enroll(this.hub.dir, id);
    expect(reload).toBe('reloaded');
    let agent: NatsConnection | undefined;
    await waitFor(async () => (agent = await this.connect({ seed, id }).catch(() => undefined)) !== undefined, 5_000, 'enrolment');
    return agent!;
  }

  async [Symbol.asyncDispose]() {
    await Promise.all(this.#connections.map((connection) => connection.close().catch(() => {})));
    const exit = once(this.#child, 'exit');
    this.#child.kill();
    await exit;
    await rm(this.#folder, { recursive: true, force: true });
  }
}

export const seedOf = async (hub: Hub): Promise<string> => (await readFile(hub.stream_credentials, 'utf8')).trim();
