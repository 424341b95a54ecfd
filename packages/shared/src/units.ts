export const KIB = 1024;
export const MIB = 1024 * KIB;
export const GIB = 1024 * MIB;
export const TIB = 1024 * GIB;

const FACTORS: Record<string, number> = {
  '': 1, B: 1,
  K: KIB, KIB, M: MIB, MIB, G: GIB, GIB, T: TIB, TIB,
  KB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12,
};

/**
 * Reads a size as people write it: `8GiB`, `8G` (binary, as nvidia-smi and `ls -h` mean it), `8GB` (decimal), `8589934592`.
 * @returns bytes, or `null` for text that is not a size.
 */
export function parseBytes(text: string): number | null {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(text);
  const factor = match && FACTORS[match[2]!.toUpperCase()];
  return match && factor !== undefined && factor !== null ? Math.round(Number(match[1]) * factor) : null;
}
