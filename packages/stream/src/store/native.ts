/**
 * Writes a block in ClickHouse's `Native` format: columns one after the other as they lie in memory, so that encoding is filling
 * typed arrays and the engine copies instead of parsing: 20,000 rows of 23 columns took the engine 13 ms of processor time over
 * HTTP, in RowBinary 19, in JSONCompactEachRow 53.
 *
 * A column is its name, its type and its bytes. Strings travel as String; the engine casts to LowCardinality.
 */
export interface Column {
  readonly name: string;
  readonly type: string;
  readonly parts: readonly Uint8Array[];
}

export function encodeBlock(rows: number, columns: readonly Column[]): Buffer {
  const parts: Uint8Array[] = [varint(columns.length), varint(rows)];
  for (const column of columns) parts.push(text(column.name), text(column.type), ...column.parts);
  return Buffer.concat(parts);
}

type Get<T, V> = (item: T) => V;
/** The bytes of one value per item, and the type they have. */
type Values<T> = (items: readonly T[]) => { type: string; parts: Uint8Array[] };

const bytesOf = (array: Float32Array | Float64Array | Int32Array | Uint32Array): Uint8Array => new Uint8Array(array.buffer);

export const uint8 = <T>(get: Get<T, number>, type: 'UInt8' | 'Bool' = 'UInt8'): Values<T> => (items) => {
  const out = new Uint8Array(items.length);
  for (let i = 0; i < items.length; i++) out[i] = get(items[i]!);
  return { type, parts: [out] };
};

export const bool = <T>(get: Get<T, boolean>): Values<T> => uint8((item) => (get(item) ? 1 : 0), 'Bool');

export const uint32 = <T>(get: Get<T, number>): Values<T> => (items) => {
  const out = new Uint32Array(items.length);
  for (let i = 0; i < items.length; i++) out[i] = get(items[i]!);
  return { type: 'UInt32', parts: [bytesOf(out)] };
};

export const float32 = <T>(get: Get<T, number>): Values<T> => (items) => {
  const out = new Float32Array(items.length);
  for (let i = 0; i < items.length; i++) out[i] = get(items[i]!);
  return { type: 'Float32', parts: [bytesOf(out)] };
};

export const float64 = <T>(get: Get<T, number>): Values<T> => (items) => {
  const out = new Float64Array(items.length);
  for (let i = 0; i < items.length; i++) out[i] = get(items[i]!);
  return { type: 'Float64', parts: [bytesOf(out)] };
};

/** Rounded to hundredths, which is finer than what any source reports. */
export const decimal2 = <T>(get: Get<T, number>): Values<T> => (items) => {
  const out = new Int32Array(items.length);
  for (let i = 0; i < items.length; i++) out[i] = Math.round(get(items[i]!) * 100);
  return { type: 'Decimal(9, 2)', parts: [bytesOf(out)] };
};

const WORD = 2 ** 32;

/** Whole numbers up to 2^53 as two words: BigInt64Array would make a BigInt of every value. */
const words = <T>(items: readonly T[], get: Get<T, number>): Uint8Array => {
  const out = new Uint32Array(items.length * 2);
  for (let i = 0; i < items.length; i++) {
    const value = Math.floor(get(items[i]!));
    out[2 * i] = value; // a store into a Uint32Array is modulo 2^32, of negative values too
    out[2 * i + 1] = Math.floor(value / WORD);
  }
  return bytesOf(out);
};

const int64As = (type: string) => <T>(get: Get<T, number>): Values<T> => (items) => ({ type, parts: [words(items, get)] });
export const uint64 = int64As('UInt64');
export const int64 = int64As('Int64');
export const dateTime64 = int64As("DateTime64(3, 'UTC')");

export const string = <T>(get: Get<T, string>): Values<T> => (items) => {
  const known = new Map<string, Uint8Array>();
  const parts: Uint8Array[] = [];
  let size = 0;
  for (const item of items) {
    const value = get(item);
    let bytes = known.get(value);
    if (!bytes) known.set(value, (bytes = text(value)));
    parts.push(bytes);
    size += bytes.length;
  }
  return { type: 'String', parts: [join(parts, size)] };
};

/** `absent` is NULL: a byte per value says so, and the value's own bytes are zero. */
export const nullable = <T>(
  column: (get: Get<T, number>) => Values<T>,
  get: Get<T, number | null | undefined>,
): Values<T> => (items) => {
  const nulls = new Uint8Array(items.length);
  for (let i = 0; i < items.length; i++) nulls[i] = get(items[i]!) == null ? 1 : 0;
  const values = column((item) => get(item) ?? 0)(items);
  return { type: `Nullable(${values.type})`, parts: [nulls, ...values.parts] };
};

/** One list per row, flattened once and shared by all columns of the list. */
export class Nested<R, T> {
  readonly items: T[] = [];
  readonly #offsets: Uint8Array;

  constructor(rows: readonly R[], list: (row: R) => readonly T[]) {
    let end = 0;
    this.#offsets = words(rows, (row) => {
      const items = list(row);
      for (let i = 0; i < items.length; i++) this.items.push(items[i]!);
      return (end += items.length);
    });
  }

  column(name: string, values: Values<T>): Column {
    const { type, parts } = values(this.items);
    return { name, type: `Array(${type})`, parts: [this.#offsets, ...parts] };
  }
}

export function column<T>(name: string, items: readonly T[], values: Values<T>): Column {
  return { name, ...values(items) };
}

function join(parts: readonly Uint8Array[], size: number): Uint8Array {
  const out = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function text(value: string): Uint8Array {
  const bytes = Buffer.from(value, 'utf8');
  return Buffer.concat([varint(bytes.length), bytes]);
}

function varint(value: number): Uint8Array {
  const out: number[] = [];
  for (; value >= 0x80; value = Math.floor(value / 0x80)) out.push((value & 0x7f) | 0x80);
  out.push(value);
  return Uint8Array.from(out);
}
