import { Network } from './aggregates/network.js';
import { SortedValues } from './aggregates/sorted-values.js';
import { WeightedMean } from './aggregates/weighted-mean.js';
import type { Timeline } from './timeline.js';

/** What one window knows of a server apart from its cards and its extremes. */
export class ServerWindow {
  /** Index of the window's oldest row; its newest is the timeline's. */
  first = 0;
  readonly cpu = new SortedValues();
  readonly cpu_mean = new WeightedMean();
  readonly network = new Network();

  add(rows: Timeline, slot: number, before: number): void {
    this.cpu.add(rows.cpu[slot]!);
    this.cpu_mean.add(rows.cpu[slot]!, rows.interval_ms[slot]!);
    this.network.add(rows, slot, before);
  }

  remove(rows: Timeline, slot: number, before: number): void {
    this.cpu.remove(rows.cpu[slot]!);
    this.cpu_mean.remove(rows.cpu[slot]!, rows.interval_ms[slot]!);
    this.network.remove(rows, slot, before);
  }

  get bytes(): number {
    return this.cpu.bytes;
  }
}
