export { startEngine, EngineStartError, type Engine, type EngineOptions } from './supervisor.js';
