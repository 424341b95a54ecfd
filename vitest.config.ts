import { defineConfig } from 'vitest/config';

// Tests run on the source of every package, never on a stale `dist`.
const conditions = ['@vacancy/source', 'module', 'node', 'development|production'];
const shared = { resolve: { conditions }, ssr: { resolve: { conditions, externalConditions: ['@vacancy/source'] } } };

export default defineConfig({
  test: {
    // chDB's native library crashes worker threads; forks are the only pool it survives.
    pool: 'forks',
    projects: [
      {
        ...shared,
        test: { name: 'unit', include: ['packages/*/src/**/*.test.ts', 'tools/**/*.test.ts'], testTimeout: 30_000 },
      },
      {
        ...shared,
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts', 'packages/*/src/**/*.integration.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
