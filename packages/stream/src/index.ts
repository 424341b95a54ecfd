// What the start script, the tests and the benchmarks use of the service.
export { startApp, type App, type AppOptions } from './app.js';
export { ConfigError, envToConfig, type Config } from './config.js';
export { createLog, silentLog, type Log } from './log.js';
export { ensureAgentKey, prepareHub, type Hub, type HubOptions } from './enroll/index.js';
