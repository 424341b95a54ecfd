import type { Inventory } from '@vacancy/shared';
import type { Database } from './client.js';

/** Keeps what a server says of itself; the latest counts. */
export async function saveInventory(db: Database, inventory: Inventory, now: number): Promise<void> {
  const { v: _, gpus, ...facts } = inventory;
  await db.insert('inventory', [
    {
      ...facts,
      ts: new Date(now).toISOString().replace('Z', ''),
      'gpus.gpu_id': gpus.map((gpu) => gpu.gpu_id),
      'gpus.gpu_type': gpus.map((gpu) => gpu.gpu_type),
      'gpus.gpu_memory_limit': gpus.map((gpu) => gpu.gpu_memory_limit),
      'gpus.uuid': gpus.map((gpu) => gpu.uuid ?? ''),
    },
  ]);
}
