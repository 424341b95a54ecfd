import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const web = fileURLToPath(new URL('../../../packages/web/', import.meta.url));
const vite = await import(pathToFileURL(createRequire(join(web, 'package.json')).resolve('vite')).href);

/** The pages as built for production, but able to play a made-up fleet (`?replay=12`), under the service's own policy. */
export async function preview() {
  const outDir = mkdtempSync(join(tmpdir(), 'vacancy-screens-'));
  const options = { root: web, mode: 'replay', logLevel: 'warn', build: { outDir, emptyOutDir: true } };
  await vite.build(options);
  const server = await vite.preview({ ...options, preview: { port: 0 } });
  return {
    url: server.resolvedUrls.local[0].replace(/\/$/, ''),
    async close() {
      await server.close();
      rmSync(outDir, { recursive: true });
    },
  };
}
