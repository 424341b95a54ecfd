import { HOUR, type HitsHour } from '@vacancy/shared';

export interface HitBar {
  ts: number;
  /** 0–1; `null` in an hour in which nothing was judged. */
  hit_rate: number | null;
  asked: number;
}

/** One bar for every hour of the stretch, also for those in which nobody asked. */
export function hitBars(hours: readonly HitsHour[], from: number, to: number): HitBar[] {
  const known = new Map(hours.map((hour) => [hour.ts, hour]));
  // Hours begin where the service's do: zones off by half an hour have their own.
  const anchor = hours[0]?.ts ?? Math.floor(from / HOUR) * HOUR;
  const bars: HitBar[] = [];
  for (let ts = anchor - Math.floor((anchor - from) / HOUR) * HOUR; ts < to; ts += HOUR) {
    const hour = known.get(ts);
    bars.push({ ts, hit_rate: hour?.hit_rate ?? null, asked: hour?.asked ?? 0 });
  }
  return bars;
}
