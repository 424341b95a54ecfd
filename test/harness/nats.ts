import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { resolveNatsServer } from '../../tools/nats-server.mjs';

/** A real nats-server with JetStream in a folder of its own. */
export interface TestNats extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  connect(): Promise<NatsConnection>;
  /** SIGKILL, as a crash would end it. */
  kill(): Promise<void>;
  /** Starts again on the same port and data. */
  start(): Promise<void>;
}

/** @param config more lines for the server's configuration, instead of no accounts at all. */
export async function startTestNats({ config = '' } = {}): Promise<TestNats> {
  const folder = await mkdtemp(path.join(tmpdir(), 'vacancy-nats-'));
  const port = await freePort();
  const file = path.join(folder, 'nats.conf');
  await writeFile(
    file,
    `listen: "127.0.0.1:${port}"\nmax_payload: 1048576\njetstream { store_dir: "${folder}/js", max_mem: 256M, max_file: 4G }\n${config}\n`,
  );
  const { path: binary } = await resolveNatsServer();
  let child: ChildProcess | undefined;
  const connections: NatsConnection[] = [];

  const start = async () => {
    child = spawn(binary, ['-c', file], { stdio: 'ignore', env: { GOMEMLIMIT: '400MiB' } });
    await waitFor(() => probe(port), 10_000, `nats-server on port ${port}`);
  };
  const kill = async () => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  };
  await start();
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    async connect() {
      const connection = await connect({
        servers: [`127.0.0.1:${port}`], maxReconnectAttempts: -1, reconnectTimeWait: 200, waitOnFirstConnect: true, noAsyncTraces: true,
      });
      connections.push(connection);
      return connection;
    },
    kill,
    start,
    async [Symbol.asyncDispose]() {
      await Promise.all(connections.map((connection) => connection.close().catch(() => {})));
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Asks until the answer is true: for what another process does in its own time. */
export async function waitFor(question: () => boolean | Promise<boolean>, timeoutMs: number, what: string): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!(await question())) {
    if (Date.now() > end) throw new Error(`${what}: not within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function probe(port: number): Promise<boolean> {
  try {
    const connection = await connect({ servers: [`127.0.0.1:${port}`], reconnect: false, timeout: 1000 });
    await connection.close();
    return true;
  } catch {
    return false;
  }
}
