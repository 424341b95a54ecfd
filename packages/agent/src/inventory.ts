import type { Inventory, InventoryGpu } from '@vacancy/shared/plain';
import type { AgentConfig } from './config.js';

/** What does not change while a machine runs. */
export interface StaticFacts {
  readonly os: string;
  readonly kernel: string;
  readonly cpu_model: string;
  readonly cpu_cores: number;
}

/** What the cards' drivers say of them. */
export interface GpuInventory {
  readonly driver_version?: string;
  readonly cuda_version?: string;
  readonly gpus: readonly InventoryGpu[];
}

export interface Sizes {
  readonly memory_limit: number;
  readonly hdd_total: number;
}

/** Everything known of the machine → the inventory message. */
export function toInventory(config: AgentConfig, facts: StaticFacts, sizes: Sizes, cards: GpuInventory, agent_version: string): Inventory {
  return {
    v: 1,
    server: config.server,
    name: config.name,
    ...(config.address && { address: config.address }),
    ...(config.location && { location: config.location }),
    os: facts.os.slice(0, 128),
    kernel: facts.kernel.slice(0, 128),
    ...(facts.cpu_model && { cpu_model: facts.cpu_model.slice(0, 128) }),
    cpu_cores: facts.cpu_cores,
    ...sizes,
    ...(cards.cuda_version && { cuda_version: cards.cuda_version.slice(0, 32) }),
    ...(cards.driver_version && { driver_version: cards.driver_version.slice(0, 64) }),
    agent_version,
    gpu_num: cards.gpus.length,
    gpus: [...cards.gpus],
  };
}
