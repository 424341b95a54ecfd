import Type from 'typebox';
import { MAX_GPUS, ServerId } from './sample.js';

const text = (maxLength: number) => Type.String({ maxLength });
const bytes = Type.Number({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'bytes' });

export const InventoryGpuSchema = Type.Object({
  gpu_id: Type.Integer({ minimum: 0, maximum: 255 }),
  gpu_type: Type.String({ maxLength: 128, description: 'Model of the card' }),
  gpu_memory_limit: bytes,
  uuid: Type.Optional(text(96)),
});
export type InventoryGpu = Type.Static<typeof InventoryGpuSchema>;

/** The static data of one server, on `vacancy.v1.inventory.<server>`: at agent start, on change and every hour. */
export const InventorySchema = Type.Object({
  v: Type.Literal(1),
  server: ServerId,
  name: Type.String({ minLength: 1, maxLength: 64, description: 'Alias, free text' }),
  address: Type.Optional(text(64)),
  location: Type.Optional(text(128)),
  os: Type.Optional(text(128)),
  kernel: Type.Optional(text(128)),
  cpu_model: Type.Optional(text(128)),
  cpu_cores: Type.Optional(Type.Integer({ minimum: 0, maximum: 65_536 })),
  memory_limit: bytes,
  hdd_total: bytes,
  cuda_version: Type.Optional(text(32)),
  driver_version: Type.Optional(text(64)),
  agent_version: Type.Optional(text(32)),
  /** Set by the simulator alone: every page that shows the server says so. */
  simulated: Type.Optional(Type.Boolean()),
  gpu_num: Type.Integer({ minimum: 0, maximum: MAX_GPUS }),
  gpus: Type.Array(InventoryGpuSchema, { maxItems: MAX_GPUS }),
});
export type Inventory = Type.Static<typeof InventorySchema>;
