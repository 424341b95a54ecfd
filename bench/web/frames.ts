import type { Browser, Page } from '@playwright/test';

/** What the main thread did for one frame: all tasks after the frame before, messages of the socket included, up to the end of its own drawing. */
export interface Frame {
  readonly wall_ms: number;
  /** The thread's own time: waiting for a core is not in it. */
  readonly cpu_ms: number;
  /** Whether anything on the page had changed. */
  readonly drawn: boolean;
}

export interface Frames {
  readonly frames: readonly Frame[];
  /** From one animation frame to the next, ms: 16.7 where none was late, however little there was to do. */
  readonly intervals: readonly number[];
}

/** One event of Chromium's trace; times in µs. */
export interface TraceEvent {
  readonly pid: number;
  readonly tid: number;
  readonly name: string;
  readonly ph: string;
  readonly ts: number;
  readonly dur?: number;
  readonly tdur?: number;
}

const CATEGORIES = ['-*', 'devtools.timeline', 'disabled-by-default-devtools.timeline', 'disabled-by-default-devtools.timeline.frame'];

/** Lets the page make every frame it can for `ms` and traces what they cost. */
export async function traceFrames(browser: Browser, page: Page, ms: number): Promise<Frames> {
  await browser.startTracing(page, { categories: CATEGORIES });
  const intervals = await page.evaluate(everyFrame, ms);
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] };
  return { frames: framesOf(traceEvents), intervals };
}

/** Runs in the page. Without somebody who asks for frames Chromium makes none while nothing changes. */
function everyFrame(ms: number): Promise<number[]> {
  return new Promise((resolve) => {
    const intervals: number[] = [];
    const end = performance.now() + ms;
    let last: number | null = null;
    const next = (now: number): void => {
      if (last !== null) intervals.push(now - last);
      last = now;
      if (now < end) requestAnimationFrame(next);
      else resolve(intervals);
    };
    requestAnimationFrame(next);
  });
}

export function framesOf(events: readonly TraceEvent[]): Frame[] {
  const thread = mainThread(events);
  const own = events.filter((event) => threadOf(event) === thread).sort((a, b) => a.ts - b.ts);
  const begins = own.filter(({ name }) => name === 'BeginMainThreadFrame').map(({ ts }) => ts);
  const paints = own.filter(({ name }) => name === 'Paint').map(({ ts }) => ts);
  const frames: Frame[] = [];
  let wall = 0;
  let cpu = 0;
  for (const { ts, dur = 0, tdur = 0 } of own.filter(({ name }) => name === 'RunTask')) {
    const within = (moment: number): boolean => moment >= ts && moment <= ts + dur;
    wall += dur;
    cpu += tdur;
    while (begins.length > 0 && begins[0]! < ts) begins.shift();
    while (paints.length > 0 && paints[0]! < ts) paints.shift();
    if (begins.length === 0 || !within(begins[0]!)) continue;
    frames.push({ wall_ms: wall / 1000, cpu_ms: cpu / 1000, drawn: paints.length > 0 && within(paints[0]!) });
    wall = cpu = 0;
  }
  // What came before the first frame was not all seen.
  return frames.slice(1);
}

/** The page's own thread is the one that runs its animation frames; the browser has other pages inside. */
function mainThread(events: readonly TraceEvent[]): string {
  const counts = new Map<string, number>();
  for (const event of events) if (event.name === 'FireAnimationFrame') counts.set(threadOf(event), (counts.get(threadOf(event)) ?? 0) + 1);
  const [most] = [...counts].sort((a, b) => b[1] - a[1]);
  if (!most) throw new Error('the trace has no animation frames');
  return most[0];
}

const threadOf = ({ pid, tid }: TraceEvent): string => `${pid}:${tid}`;
