// The process that holds the engine. It lives exactly as long as its parent wants it to: it ends when the channel closes.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Database } from './database.js';
import { createHttpServer } from './http.js';
import { Gate } from './gate.js';
import { HEARTBEAT_MS, STOP_MS, type Report, type Start } from './messages.js';
import { Parser } from './parser.js';
import { Readers } from './reader.js';
import { Spool } from './spool.js';

const report = (message: Report): void => void process.send?.(message, undefined, undefined, () => {});

// The channel's end is the only order to stop: a Ctrl-C in a terminal reaches the whole group, and the parent still
// has to drain its queue into this engine.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});

process.once('message', (start: Start) => {
  run(start).catch((cause: unknown) => {
    process.send?.({ type: 'failed', message: cause instanceof Error ? cause.message : String(cause) } satisfies Report, () => process.exit(1));
  });
});

async function run(start: Start): Promise<void> {
  const disconnected = once(process, 'disconnect');
  const database = new Database(start.dataDir, start.limits);
  const spool = await Spool.open(join(start.dataDir, 'spool'));
  const parser = await Parser.open(start.dataDir);
  const readers = await Readers.open(parser, database.session, start.readers);
  const server = createHttpServer({
    database, spool, parser, readers, gate: new Gate(SERVICE_QUERIES),
    service: { user: start.user, password: start.password },
    hosts: new Set([start.host, 'localhost', '127.0.0.1', '[::1]']),
  });
  server.listen(start.port, start.host);
  await once(server, 'listening');
  report({ type: 'ready', port: (server.address() as AddressInfo).port });
  beat(database);

  await disconnected;
  // Nobody is left to notice a stop that hangs.
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), STOP_MS);
  server.close();
  await parser[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
  process.exit(0);
}

// The engine's calls run on the 16 threads of libuv's pool; some must stay free for readers, the heartbeat and files.
const SERVICE_QUERIES = 8;

function beat(database: Database): void {
  // An answer that is an error is an answer.
  void database.probe().catch(() => {}).then(() => {
    report({ type: 'alive' });
    setTimeout(() => beat(database), HEARTBEAT_MS).unref();
  });
}
