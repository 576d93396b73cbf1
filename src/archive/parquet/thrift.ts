/** A value of Thrift's compact protocol, as Parquet's headers and footer are written in. */
export type Thrift =
  | { readonly i8: number }
  | { readonly i32: number }
  | { readonly i64: number }
  | { readonly bool: boolean }
  | { readonly bytes: Uint8Array }
  | { readonly list: readonly Thrift[] }
  | { readonly struct: Fields };

/** The fields of a struct by their number; those that are undefined are left out. */
export type Fields = Readonly<Record<number, Thrift | undefined>>;

export const i8 = (value: number): Thrift => ({ i8: value });
export const i32 = (value: number): Thrift => ({ i32: value });
export const i64 = (value: number): Thrift => ({ i64: value });
export const bool = (value: boolean): Thrift => ({ bool: value });
export const bytes = (value: Uint8Array): Thrift => ({ bytes: value });
export const text = (value: string): Thrift => ({ bytes: Buffer.from(value) });
export const list = (value: readonly Thrift[]): Thrift => ({ list: value });
export const struct = (fields: Fields): Thrift => ({ struct: fields });

/** The struct as bytes. */
export function encodeThrift(fields: Fields): Buffer {
  const parts: Uint8Array[] = [];
  writeStruct(fields, parts);
  return Buffer.concat(parts);
}

function writeStruct(fields: Fields, parts: Uint8Array[]): void {
  let previous = 0;
  // Integer keys of an object come in ascending order, as the deltas between field numbers want them.
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    const number = Number(name);
    const delta = number - previous;
    if (delta > 15) throw new RangeError(`no short form for field ${number} behind ${previous}`);
    parts.push(Uint8Array.of((delta << 4) | typeOf(value)));
    if (!("bool" in value)) writeValue(value, parts);
    previous = number;
  }
  parts.push(Uint8Array.of(0));
}

function typeOf(value: Thrift): number {
  if ("bool" in value) return value.bool ? 1 : 2;
  if ("i8" in value) return 3;
  if ("i32" in value) return 5;
  if ("i64" in value) return 6;
  if ("bytes" in value) return 8;
  if ("list" in value) return 9;
  return 12;
}

function writeValue(value: Thrift, parts: Uint8Array[]): void {
  if ("i8" in value) parts.push(Uint8Array.of(value.i8));
  else if ("i32" in value) parts.push(varint(zigzag(value.i32)));
  else if ("i64" in value) parts.push(varint(zigzag(value.i64)));
  else if ("bytes" in value) parts.push(varint(value.bytes.length), value.bytes);
  else if ("list" in value) writeList(value.list, parts);
  else if ("struct" in value) writeStruct(value.struct, parts);
  else throw new RangeError("a boolean stands in its field's header only");
}

function writeList(items: readonly Thrift[], parts: Uint8Array[]): void {
  const [first] = items;
  const type = first === undefined ? 12 : typeOf(first);
  if (items.length < 15) parts.push(Uint8Array.of((items.length << 4) | type));
  else parts.push(Uint8Array.of(0xf0 | type), varint(items.length));
  for (const item of items) writeValue(item, parts);
}

/** Exact up to 2^52: sizes and offsets of files, never values. */
function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

/** Seven bits a byte, lowest first. */
export function varint(value: number): Uint8Array {
  const digits: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) digits.push((rest % 128) | 0x80);
  digits.push(rest);
  return Uint8Array.from(digits);
}
