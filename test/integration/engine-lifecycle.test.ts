import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ManualClock } from '@vacancy/shared';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startEngine } from '../../packages/stream/src/engine/index.js';
import { silentLog } from '../../packages/stream/src/log.js';
import { startTestEngine, type TestEngine } from '../harness/clickhouse.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vacancy-life-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const QUIET = { log: { level: 127 } } as const;
const alive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

async function until(holds: () => boolean | Promise<boolean>, ms = 20_000): Promise<void> {
  const end = performance.now() + ms;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error('it never held');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function createTable(engine: TestEngine): Promise<void> {
  await engine.client().command({ query: 'CREATE DATABASE vacancy ENGINE = Atomic' });
  await engine.client().command({ query: 'CREATE TABLE vacancy.t (batch UInt32, row UInt32) ENGINE = MergeTree ORDER BY (batch, row) SETTINGS non_replicated_deduplication_window = 1000' });
}

async function numbers(engine: TestEngine, query: string): Promise<number[]> {
  const [row] = await (await engine.client().query({ query, format: 'JSONCompactEachRow' })).json<(string | number)[]>();
  return (row ?? []).map(Number);
}

describe('a killed engine', () => {
  it('is back on the same port, and batches sent again with their tokens are there once', async () => {
    await using engine = await startTestEngine();
    await createTable(engine);
    const client = engine.client(QUIET);
    const { url } = engine.engine;
    const insert = async (batch: number): Promise<void> => {
      for (let tries = 0; tries < 500; tries += 1) {
        try {
          const values = Array.from({ length: 200 }, (_, row) => ({ batch, row }));
          await client.insert({ table: 'vacancy.t', values, format: 'JSONEachRow', clickhouse_settings: { async_insert: 0, insert_deduplication_token: `b${batch}` } });
          return;
        } catch {
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      }
      throw new Error(`batch ${batch} was never taken`);
    };
    for (let kill = 0; kill < 3; kill += 1) {
      const batches = Array.from({ length: 15 }, (_, n) => insert(kill * 15 + n));
      await batches[0];
      process.kill(engine.engine.pid!, 'SIGKILL');
      await Promise.all(batches);
    }
    expect(engine.engine.restarts).toBe(3);
    expect(engine.engine.url).toBe(url);
    expect(await numbers(engine, 'SELECT count(), uniqExact(batch, row) FROM vacancy.t')).toEqual([9000, 9000]);
  });

  it('leaves spool files that the next start removes', async () => {
    await mkdir(join(folder, 'spool'));
    await writeFile(join(folder, 'spool', '7'), 'left behind');
    await using _engine = await startTestEngine({ dataDir: folder });
    expect(await readdir(join(folder, 'spool'))).toEqual([]);
  });

  it('is not ready until it is back', async () => {
    const clock = new ManualClock();
    await using engine = await startEngine({ dataDir: folder, port: 0, log: silentLog }, clock);
    process.kill(engine.pid!, 'SIGKILL');
    await until(() => !engine.ready());
    clock.advance(250);
    await until(() => engine.ready());
    expect(engine.restarts).toBe(1);
  });
});

it('an engine that stops answering is killed and started again', async () => {
  const clock = new ManualClock();
  await using engine = await startEngine({ dataDir: folder, port: 0, log: silentLog }, clock);
  const { pid } = engine;
  process.kill(pid!, 'SIGSTOP');
  clock.advance(30_000);
  await until(() => !alive(pid!));
  await until(() => !engine.ready());
  clock.advance(250);
  await until(() => engine.ready());
  expect(engine.pid).not.toBe(pid);
});

describe('a stop', () => {
  it('keeps the insert that runs, ends the select that runs, and leaves no process', async () => {
    let pid: number;
    {
      await using engine = await startTestEngine({ dataDir: folder });
      await createTable(engine);
      pid = engine.engine.pid!;
      const client = engine.client(QUIET);
      const select = client.query({ query: 'SELECT count() FROM numbers(1e13) WHERE NOT ignore(number)' });
      const insert = client.command({ query: 'INSERT INTO vacancy.t SELECT 1, number FROM numbers(5000000)' });
      const running = "SELECT countIf(query LIKE 'INSERT INTO vacancy.t%'), countIf(query LIKE '%1e13%' AND query NOT LIKE '%processes%') FROM system.processes";
      await until(async () => (await numbers(engine, running)).every((n) => n === 1));
      await Promise.all([engine.engine[Symbol.asyncDispose](), expect(select).rejects.toThrow(), insert]);
    }
    expect(alive(pid)).toBe(false);
    await using again = await startTestEngine({ dataDir: folder });
    expect(await numbers(again, 'SELECT count() FROM vacancy.t')).toEqual([5_000_000]);
  });

  it('of the parent by kill -9 leaves no process', async () => {
    const entry = fileURLToPath(new URL('../../packages/stream/src/engine/index.ts', import.meta.url));
    const log = fileURLToPath(new URL('../../packages/stream/src/log.ts', import.meta.url));
    const program = `import { startEngine } from ${JSON.stringify(entry)}; import { silentLog } from ${JSON.stringify(log)};
      const engine = await startEngine({ dataDir: ${JSON.stringify(folder)}, port: 0, log: silentLog }); console.log(engine.pid);`;
    const parent = spawn(process.execPath, ['--import', 'tsx', '--conditions=@vacancy/source', '--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'], cwd: fileURLToPath(new URL('../..', import.meta.url)) });
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const child = Number(line.toString());
    expect(alive(child)).toBe(true);
    parent.kill('SIGKILL');
    await until(() => !alive(child), 10_000);
  });
});

describe('a start says what to do', () => {
  const start = (options: { dataDir?: string; port?: number }) => startEngine({ dataDir: folder, port: 0, log: silentLog, ...options });

  it('when the data folder is in use', async () => {
    await using _first = await start({});
    await expect(start({})).rejects.toThrow(/in use by another running instance.*choose another data folder/s);
  });
  it('when the port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    await expect(start({ port })).rejects.toThrow(new RegExp(`Port ${port} of 127.0.0.1 is taken`));
    other.close();
  });
  it('when the data folder cannot be made', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    await expect(start({ dataDir: join(file, 'data') })).rejects.toThrow(/data folder .*file\/data cannot be made/);
  });
});
