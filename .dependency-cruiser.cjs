/** The directions in which code may look; each rule says what breaks without it. */
module.exports = {
  forbidden: [
    { name: 'no-circle', severity: 'error', comment: 'Files that import each other cannot be read one after the other.', from: {}, to: { circular: true } },
    { name: 'shared-stands-alone', severity: 'error', comment: 'shared runs in browsers and agents: only the schema library.', from: { path: '^packages/shared/src', pathNot: '\\.test\\.ts$' }, to: { pathNot: '^packages/shared/src|typebox' } },
    { name: 'agent-sees-shared-only', severity: 'error', from: { path: '^packages/agent' }, to: { path: '^packages/(stream|web)' } },
    { name: 'web-sees-shared-only', severity: 'error', from: { path: '^packages/web' }, to: { path: '^packages/(stream|agent)' } },
    { name: 'stream-sees-shared-only', severity: 'error', from: { path: '^packages/stream', pathNot: '\\.test\\.ts$' }, to: { path: '^packages/(agent|web)' } },
    { name: 'windows-are-pure', severity: 'error', comment: 'Windows know events and time, no broker, database or socket.', from: { path: '^packages/stream/src/windows', pathNot: '\\.test\\.ts$' }, to: { path: '^packages/stream/src/(store|live|http|reports|engine)|node:|nats|clickhouse' } },
    { name: 'store-does-not-know-live', severity: 'error', comment: 'A slow screen never delays the database, and the other way round.', from: { path: '^packages/stream/src/store' }, to: { path: '^packages/stream/src/(live|windows|http|recommend|alerts)' } },
    { name: 'live-does-not-know-store', severity: 'error', from: { path: '^packages/stream/src/(live|windows)' }, to: { path: '^packages/stream/src/(store|http|reports)' } },
    { name: 'src-never-imports-tests', severity: 'error', from: { path: 'src/', pathNot: '\\.(test|integration)\\.ts$' }, to: { path: '\\.test\\.ts$|^test/' } },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/' },
    enhancedResolveOptions: { conditionNames: ['@vacancy/source', 'import', 'node', 'default'], exportsFields: ['exports'] },
  },
};
