import { Observable, filter, map, type OperatorFunction } from 'rxjs';
import { SECOND, systemClock, type Clock, type Millis, type WindowLabel } from '@vacancy/shared';
import type { Received } from '../ingest/decode.js';
import { FleetWindows, type WindowsChanges } from './fleet.js';
import type { CardLabels, ServerWindows, WindowsOptions } from './stats.js';

export interface SlidingOptions<Label extends string = WindowLabel, CardLabel extends Label = Label & CardLabels> extends WindowsOptions<Label, CardLabel> {
  /** A server is emitted at most once in this time, ms. */
  readonly tick_ms?: Millis;
  /** When to emit, for a reader with a rhythm of its own; `tick_ms` then means nothing. */
  readonly ticks?: Observable<unknown>;
  /** Windows to go on with, for instance those that a replay filled; the other options are then theirs. */
  readonly windows?: FleetWindows<Label, CardLabel>;
}

export interface WindowsTick<Label extends string = WindowLabel, CardLabel extends Label = Label & CardLabels> extends WindowsChanges<Label, CardLabel> {
  /** When it was made, by the clock. */
  readonly ts: Millis;
}

/** So many samples wait for a tick at most: a replay would have tens of megabytes of them waiting. */
const MOST_WAITING = 2_000;

/**
 * Samples in, at each tick the windows of the servers that changed since the one before.
 *
 * A server changes when a sample of it is recorded and when one leaves a window because time went on; a tick in which nothing
 * changed emits nothing. Emission does not wait for late samples: a tick shows what is known, a later one corrects it. When the
 * source completes, what has not been shown yet is emitted at once.
 * The figures in a tick are those of the windows themselves, to be read at once: afterwards they may change. Who keeps them keeps records (`windows`, `gpus`).
 *
 * @example samples$.pipe(slidingWindows({ tick_ms: 250 })).subscribe((tick) => table.apply(tick.servers))
 */
export function slidingWindows<Label extends string = WindowLabel, CardLabel extends Label = Label & CardLabels>(
  options: SlidingOptions<Label, CardLabel> = {},
  clock: Clock = systemClock,
): OperatorFunction<Received, WindowsTick<Label, CardLabel>> {
  const { tick_ms = SECOND, ticks = every(tick_ms, clock) } = options;
  return (source) =>
    new Observable((subscriber) => {
      const windows = options.windows ?? new FleetWindows(options);

      /** Samples wait here for the tick. */
      let waiting: Received[] = [];

      function hold(sample: Received): void {
        if (waiting.push(sample) < MOST_WAITING) return;
        for (const one of waiting) windows.record(one);
        waiting = [];
      }

      function emit(): void {
        const ts = clock.now();
        windows.advance(ts, waiting);
        waiting = [];
        const changes = windows.takeChanges();
        if (changes) subscriber.next({ ts, ...changes });
      }

      // The ticks are released before the source: a source that emits while it is torn down finds none to come.
      subscriber.add(ticks.subscribe(emit));
      subscriber.add(
        source.subscribe({
          next: hold,
          error: (error: unknown) => subscriber.error(error),
          complete: () => {
            emit();
            subscriber.complete();
          },
        }),
      );
    });
}

const every = (ms: Millis, clock: Clock): Observable<void> =>
  new Observable((subscriber) => {
    let cancel = clock.setTimer(ms, function again() {
      cancel = clock.setTimer(ms, again);
      subscriber.next();
    });
    return () => cancel();
  });

/** The windows of one server out of the ticks, `null` once nothing is known of it. */
export const serverWindows = <Label extends string = WindowLabel, CardLabel extends Label = Label & CardLabels>(id: string): OperatorFunction<WindowsTick<Label, CardLabel>, ServerWindows<Label, CardLabel> | null> =>
  (ticks) =>
    ticks.pipe(
      filter((tick) => tick.servers.has(id) || tick.removed.includes(id)),
      map((tick) => tick.servers.get(id) ?? null),
    );
