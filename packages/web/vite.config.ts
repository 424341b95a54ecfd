import { gzipSync } from 'node:zlib';
import vue from '@vitejs/plugin-vue';
import { defaultClientConditions, defineConfig, type Plugin } from 'vite';

/** The service to develop against; `vite --mode replay` needs none. */
const service = process.env['VACANCY_DEV_SERVICE'] ?? 'http://127.0.0.1:7070';

/** What the service sends with every page: a preview is as strict, so that nothing works here that would fail there. */
const POLICY = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'";

export default defineConfig({
  plugins: [vue(), firstLoad()],
  resolve: { conditions: ['@vacancy/source', ...defaultClientConditions] },
  define: {
    __VUE_PROD_DEVTOOLS__: 'false',
    __VUE_I18N_FULL_INSTALL__: 'false',
    __VUE_I18N_LEGACY_API__: 'false',
    __INTLIFY_PROD_DEVTOOLS__: 'false',
  },
  build: {
    target: 'es2022',
    // Inlined assets would need `data:` fonts and styles in the policy.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 900,
    modulePreload: { polyfill: false },
  },
  preview: { host: '127.0.0.1', headers: { 'content-security-policy': POLICY } },
  server: {
    host: '127.0.0.1',
    proxy: { '/api': service, '/socket.io': { target: service, ws: true } },
  },
});

/** Says after each build what a first visit to the home page downloads, against the goal of 250 KB. */
function firstLoad(): Plugin {
  return {
    name: 'first-load',
    apply: 'build',
    generateBundle(_options, bundle) {
      const chunks = Object.values(bundle).filter((file) => file.type === 'chunk');
      const wanted = new Set<string>();
      const add = (name: string): void => {
        if (wanted.has(name)) return;
        wanted.add(name);
        for (const next of chunks.find((chunk) => chunk.fileName === name)?.imports ?? []) add(next);
      };
      for (const chunk of chunks) if (chunk.isEntry || /HomeView|zh-CN/.test(chunk.name)) add(chunk.fileName);
      const bytes = chunks.filter((chunk) => wanted.has(chunk.fileName)).reduce((sum, chunk) => sum + gzipSync(chunk.code).length, 0);
      this.info(`first load ${(bytes / 1000).toFixed(1)} KB of JavaScript (gzip), goal 250 KB`);
    },
  };
}
