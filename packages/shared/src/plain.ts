// What the agent needs of this package, without the schema library: loading that costs 27 MB of memory and 0.4 s of processor
// time, more than the rest of the agent together. The schemas appear here as types alone.
export { ok, err, type Result } from './result.js';
export { SECOND, MINUTE, HOUR, DAY, systemClock, ManualClock, type Clock, type Millis } from './time.js';
export { KIB, MIB, GIB, TIB, parseBytes } from './units.js';
export { SERVER_ID_PATTERN, isServerId } from './wire/server-id.js';
export {
  SAMPLES_STREAM, INVENTORY_STREAM, SAMPLE_SUBJECTS, INVENTORY_SUBJECTS,
  sampleSubject, inventorySubject, serverOfSubject, messageId,
} from './wire/subjects.js';
export type { Sample, GpuSample, GpuProcess, AgentHealth } from './wire/sample.js';
export type { Inventory, InventoryGpu } from './wire/inventory.js';
