import { describe, expect, it } from 'vitest';
import { envToConfig, toServerId, type Host } from './config.js';

const SEED = 'SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY';
const host: Host = { hostname: 'GPU-01.lab.example', address: '10.0.0.11', readFile: () => Buffer.from(`# comment\n${SEED}\n`) };

const read = (env: Record<string, string>) => {
  const config = envToConfig(env, host);
  if (!config.ok) throw new Error(config.error.join('; '));
  return config.value;
};
const problems = (env: Record<string, string>, from = host): string[] => {
  const config = envToConfig(env, from);
  return config.ok ? [] : config.error;
};

describe('the settings of the agent', () => {
  it('have an answer for everything on a machine where nothing is set', () => {
    expect(read({})).toMatchObject({
      server: 'gpu-01', name: 'GPU-01.lab.example', address: '10.0.0.11', nats_url: ['nats://127.0.0.1:4222'],
      interval_ms: 1_000, data_dir: 'data/spool', backfill_rate: 50, spool_age_ms: 172_800_000, commands: 'full',
    });
  });

  it('leave out what is not known instead of setting it to nothing', () => {
    const config = envToConfig({}, { ...host, address: undefined });
    expect(config.ok && Object.keys(config.value)).not.toEqual(expect.arrayContaining(['address']));
    expect(config.ok && 'location' in config.value).toBe(false);
    expect(config.ok && 'seed' in config.value).toBe(false);
  });

  it('report every problem at once, each by the name of its setting', () => {
    const found = problems({
      VACANCY_SERVER_ID: 'GPU 01', VACANCY_INTERVAL_MS: 'fast', VACANCY_SPOOL_BYTES: 'lots', VACANCY_NATS_URL: 'http://hub',
      VACANCY_BACKFILL_RATE: '0', VACANCY_COLLECT_OFF: 'users,gravity', VACANCY_LOG_LEVEL: 'loud', VACANCY_NAME: 'n'.repeat(65),
    });
    const named = found.map((problem) => problem.slice(0, problem.indexOf(':'))).sort();
    expect(named).toEqual([
      'VACANCY_BACKFILL_RATE', 'VACANCY_COLLECT_OFF', 'VACANCY_INTERVAL_MS', 'VACANCY_LOG_LEVEL', 'VACANCY_NAME', 'VACANCY_NATS_URL', 'VACANCY_SERVER_ID', 'VACANCY_SPOOL_BYTES',
    ]);
  });

  it('take sizes as people write them, lists, and several brokers', () => {
    const config = read({ VACANCY_SPOOL_BYTES: '64MiB', VACANCY_COLLECT_OFF: 'processes, users', VACANCY_NATS_URL: 'tls://a.example:4222,nats://b', VACANCY_NAME: '实验室一号' });
    expect(config.spool_bytes).toBe(64 * 1024 * 1024);
    expect([...config.off]).toEqual(['processes', 'users']);
    expect(config.nats_url).toEqual(['tls://a.example:4222', 'nats://b']);
    expect(config.name).toBe('实验室一号');
  });

  it('find the seed in a credential file among other lines', () => {
    expect(new TextDecoder().decode(read({ VACANCY_CREDENTIALS: '/etc/vacancy/agent.seed' }).seed)).toBe(SEED);
  });

  it('never repeat the content of a credential file that holds no seed', () => {
    const [problem] = problems({ VACANCY_CREDENTIALS: '/x' }, { ...host, readFile: () => Buffer.from('hunter2') });
    expect(problem).toContain('VACANCY_CREDENTIALS');
    expect(problem).not.toContain('hunter2');
  });

  it('say why a credential file cannot be read', () => {
    const unreadable: Host = { ...host, readFile: () => { throw new Error("EACCES: permission denied, open '/x'"); } };
    expect(problems({ VACANCY_CREDENTIALS: '/x' }, unreadable)[0]).toContain('EACCES');
  });

  it.each([
    ['GPU-01.lab.example', 'gpu-01'], ['_node 7', 'node-7'], ['中文', 'server'], ['a'.repeat(80), 'a'.repeat(63)],
  ])('make of the host name %s the id %s', (name, id) => expect(toServerId(name)).toBe(id));
});
