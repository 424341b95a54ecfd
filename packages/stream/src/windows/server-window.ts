import { Network } from './aggregates/network.js';
import { SortedValues } from './aggregates/sorted-values.js';
import { WeightedMean } from './aggregates/weighted-mean.js';
import { CPU, INTERVAL_MS, type Timeline } from './timeline.js';

/** What one window knows of a server apart from its cards and its extremes. */
export class ServerWindow {
  /** Index of the window's oldest row; its newest is the timeline's. */
  first = 0;
  readonly cpu = new SortedValues();
  readonly cpu_mean = new WeightedMean();
  readonly network = new Network();

  add(rows: Timeline, slot: number, before: number): void {
    const cpu = rows.numbers[slot + CPU]!;
    this.cpu.add(cpu);
    this.cpu_mean.add(cpu, rows.numbers[slot + INTERVAL_MS]!);
    this.network.add(rows, slot, before);
  }

  remove(rows: Timeline, slot: number, before: number): void {
    const cpu = rows.numbers[slot + CPU]!;
    this.cpu.remove(cpu);
    this.cpu_mean.remove(cpu, rows.numbers[slot + INTERVAL_MS]!);
    this.network.remove(rows, slot, before);
  }

  get bytes(): number {
    return this.cpu.bytes;
  }
}
