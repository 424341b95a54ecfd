import { describe, expect, it } from 'vitest';
import { BINS, binOf, PALETTES } from './palette.js';

/** WCAG 2 contrast of two `#rrggbb` colours. */
function contrast(a: string, b: string): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const value = parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

describe.each(['light', 'dark'] as const)('the %s palette', (theme) => {
  const palette = PALETTES[theme];

  it('has ink that can be read on every step of the scale', () => {
    palette.scale.forEach((colour, step) => expect(contrast(colour, palette.scaleInk[step]!), `step ${step}`).toBeGreaterThanOrEqual(4.5));
  });

  it('has lines and letters that stand out from the page', () => {
    for (const colour of palette.series) expect(contrast(colour, palette.surface), colour).toBeGreaterThanOrEqual(3);
    for (const colour of [palette.text, palette.muted]) expect(contrast(colour, palette.surface)).toBeGreaterThanOrEqual(4.5);
  });

  it('has a colour for every step', () => {
    expect(palette.scale).toHaveLength(BINS.length);
    expect(palette.scaleInk).toHaveLength(BINS.length);
  });
});

describe('the steps of the scale', () => {
  it('begin at the definition of an idle card and cover everything', () => {
    expect([0, 9.99, 10, 24.9, 49, 50, 89.9, 90, 100, 101].map(binOf)).toEqual([0, 0, 1, 1, 2, 3, 4, 5, 5, 5]);
  });
});
