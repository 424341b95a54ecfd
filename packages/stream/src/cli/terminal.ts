/** Text from servers and people, made harmless for a terminal: control characters could move its cursor or rewrite its lines. */
export const plain = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '�');

/** Width on a terminal: CJK and full-width characters take two cells. */
export function width(text: string): number {
  let cells = 0;
  for (const character of text) cells += WIDE.test(character) ? 2 : 1;
  return cells;
}

const WIDE = /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]/u;

/**
 * Columns aligned by their widest cell; the first row is the head. Where a line would be longer than `most` cells, the columns
 * with the heads in `spare` go, one after the other, until it is not.
 */
export function table(rows: readonly (readonly string[])[], most = Infinity, spare: readonly string[] = []): string {
  const clean = rows.map((row) => row.map(plain));
  const widths = clean[0]!.map((_, column) => Math.max(...clean.map((row) => width(row[column] ?? ''))));
  const goes = spare.length > 0 && widths.reduce((sum, cells) => sum + cells + 2, -2) > most ? clean[0]!.indexOf(spare[0]!) : -1;
  if (goes >= 0) return table(clean.map((row) => row.toSpliced(goes, 1)), most, spare.slice(1));
  return clean.map((row) => row.map((cell, column) => cell + ' '.repeat(widths[column]! - width(cell))).join('  ').trimEnd()).join('\n');
}
