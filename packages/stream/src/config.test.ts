import { describe, expect, it } from 'vitest';
import { ConfigError, envToConfig } from './config.js';

const problemsOf = (env: Record<string, string>): readonly string[] => {
  try {
    envToConfig(env);
    return [];
  } catch (error) {
    return (error as ConfigError).problems;
  }
};

describe('envToConfig', () => {
  it('needs no setting at all', () => {
    const config = envToConfig({});
    expect(config.http).toEqual({ host: '127.0.0.1', port: 7070, password: null });
    expect(config.clickhouse.url).toBeNull();
  });

  it('names every problem at once', () => {
    expect(problemsOf({ VACANCY_PORT: 'web', VACANCY_TIMEZONE: 'Mars/Olympus', VACANCY_IDLE_FREE: 'much' })).toHaveLength(3);
  });

  it('refuses a reachable listener without a password', () => {
    expect(problemsOf({ VACANCY_HOST: '0.0.0.0' })).toEqual([expect.stringContaining('VACANCY_PASSWORD')]);
    expect(problemsOf({ VACANCY_HOST: '0.0.0.0', VACANCY_PASSWORD: 'correct horse' })).toEqual([]);
  });

  it('reads sizes as people write them', () => {
    expect(envToConfig({ VACANCY_IDLE_FREE: '10GiB' }).idle.free_bytes).toBe(10 * 2 ** 30);
  });
});
