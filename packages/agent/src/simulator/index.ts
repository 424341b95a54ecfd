export { backfill, type BackfillOptions } from './backfill.js';
export { createFleet, type Fleet, type FleetOptions, type HistoryOptions } from './fleet.js';
export { startSimulator, type Simulator, type SimulatorOptions } from './publish.js';
