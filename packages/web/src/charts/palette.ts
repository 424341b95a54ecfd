/** Colours of data, for canvases and charts; those of the page itself are in styles/tokens.css. */
export interface Palette {
  text: string;
  muted: string;
  line: string;
  surface: string;
  /** Lines of one chart, told apart by people with any colour vision (after Okabe and Ito). */
  series: readonly string[];
  /** From free (blue) over neutral to full (orange), one colour for each of `BINS`. */
  scale: readonly string[];
  /** Ink that can be read on the colour of the same place in `scale`. */
  scaleInk: readonly string[];
  /** Cells without a figure. */
  unknown: string;
}

/** A canvas knows nothing of the page's style sheet. */
export const CANVAS_FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif';

/** Upper bounds of the scale's steps, percent; the first step is the definition of an idle card by used share. */
export const BINS = [10, 25, 50, 75, 90, Infinity] as const;

/** Which step of the scale a percentage falls into. */
export const binOf = (percent: number): number => BINS.findIndex((bound) => percent < bound);

export const PALETTES: Record<'light' | 'dark', Palette> = {
  light: {
    text: '#1b2733',
    muted: '#5b6878',
    line: '#e3e8ee',
    surface: '#ffffff',
    series: ['#0b6bcb', '#c2570c', '#0f8a6d', '#9b4f96', '#b07d00', '#2492c6', '#6b7280', '#7a4f2b'],
    scale: ['#2871bd', '#7fb2e3', '#c3d9ee', '#f2ddc2', '#e9a85f', '#b6560f'],
    scaleInk: ['#ffffff', '#10273d', '#10273d', '#3c2509', '#3c2509', '#ffffff'],
    unknown: '#d8dee6',
  },
  dark: {
    text: '#e6edf3',
    muted: '#98a6b5',
    line: '#26313d',
    surface: '#151c24',
    series: ['#58a6ff', '#f0883e', '#3fbf9a', '#d289cc', '#e3b341', '#76d0f5', '#9aa7b4', '#c69c74'],
    scale: ['#4fa3f7', '#3a78b8', '#2b4f74', '#57452f', '#a3682c', '#f08c38'],
    scaleInk: ['#08182a', '#ffffff', '#dbe9f7', '#f7e6d2', '#ffffff', '#2a1402'],
    unknown: '#2c3743',
  },
};
