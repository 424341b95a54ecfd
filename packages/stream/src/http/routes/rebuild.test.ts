import Fastify from 'fastify';
import { describe, expect, it } from 'vitest';
import type { RebuildOptions } from '../../store/rebuild.js';
import type { Store } from '../../store/store.js';
import { rebuildRoutes } from './rebuild.js';

describe('POST /rebuild', () => {
  const ask = async (payload: object) => {
    const asked: RebuildOptions[] = [];
    const app = Fastify();
    rebuildRoutes(app, { settings: { timezone: 'America/New_York' }, rebuild: async (options: RebuildOptions) => void asked.push(options) } as unknown as Store);
    const { statusCode, body } = await app.inject({ method: 'POST', url: '/rebuild', payload });
    return { statusCode, body, asked };
  };

  it('takes dates as those of the archives, wherever that is, and moments as they are', async () => {
    expect((await ask({ from: '2026-11-20', to: '2026-11-21' })).asked).toEqual([{ from: Date.parse('2026-11-20T05:00:00Z'), to: Date.parse('2026-11-21T05:00:00Z') }]);
    expect((await ask({ tables: ['servers_day'], from: 1_790_000_000_000 })).asked).toEqual([{ tables: ['servers_day'], from: 1_790_000_000_000 }]);
    expect((await ask({})).asked).toEqual([{}]);
  });

  it('refuses what is no date', async () => {
    for (const from of ['2026-13-01', 'yesterday', '']) {
      const { statusCode, asked } = await ask({ from });
      expect([statusCode, asked]).toEqual([400, []]);
    }
  });
});
