import type { Condition } from './conditions.js';

/** A condition as a sentence, for those who read no `kind`; pages write their own in their language. */
export function sentence({ kind, data }: Condition): string {
  switch (kind) {
    case 'server_offline':
      return `${data['name']} fell silent`;
    case 'gpu_missing':
      return `${data['name']}: card ${data['cards']} is not reported any more`;
    case 'disk_nearly_full':
      return `${data['name']}: ${data['hdd_rate']} % of the disks are used`;
    case 'clock_skewed':
      return `${data['name']}: its clock is wrong${'clock_offset_ms' in data ? ` by ${Math.round(Math.abs(Number(data['clock_offset_ms'])) / 1000)} s` : ''}`;
    case 'spool_dropped':
      return `${data['name']}: its agent gave up ${data['dropped']} samples, since its spool was full`;
    case 'lagging':
      return `The ${data['of']} is ${Math.round(Number(data['lag_ms']) / 1000)} s behind the broker`;
  }
}
