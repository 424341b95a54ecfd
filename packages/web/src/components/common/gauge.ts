/**
 * How wide the filled part of a `.gauge` is, as its `background-size`. Not a scaled element: to scale a hundred of them anew
 * each second takes the compositor longer than to draw them.
 *
 * @param share 0–1; of nothing it is NaN, and the bar empty
 */
export const gauge = (share: number): string => `${Math.round(1000 * (share || 0)) / 10}% 100%`;
