import type { ParquetColumn } from "./columns.ts";
import { encodePlain, numberReader } from "./encodeValues.ts";
import { bool, bytes, type Fields, i64 } from "./thrift.ts";

/** What a reader may skip a row group by: number of nulls, smallest and greatest value in the bytes of the type. */
export interface ColumnStatistics {
  readonly nulls: number;
  readonly smallest: Uint8Array | undefined;
  readonly greatest: Uint8Array | undefined;
}

/** Longer values would swell the footer: then there are no bounds, and nothing is skipped. */
const LONGEST = 256;

export function statisticsOf(
  values: readonly string[],
  nulls: number,
  { kind, statistics }: ParquetColumn,
): ColumnStatistics {
  const none = { nulls, smallest: undefined, greatest: undefined };
  const [first] = values;
  if (!statistics || first === undefined) return none;
  const extremes = kind === "text" ? extremeTexts(values, first) : extremeNumbers(values, first, kind);
  const [smallest, greatest] = extremes.map((value) => plainValue(value, kind));
  if (smallest === undefined || greatest === undefined) return none;
  if (smallest.length > LONGEST || greatest.length > LONGEST) return none;
  return { nulls, smallest, greatest };
}

export function statisticsFields({ nulls, smallest, greatest }: ColumnStatistics): Fields {
  if (smallest === undefined || greatest === undefined) return { 3: i64(nulls) };
  return { 3: i64(nulls), 5: bytes(greatest), 6: bytes(smallest), 7: bool(true), 8: bool(true) };
}

function plainValue(value: string, kind: ParquetColumn["kind"]): Uint8Array {
  return kind === "text" ? Buffer.from(value) : encodePlain([value], kind);
}

function extremeTexts(values: readonly string[], first: string): [string, string] {
  let smallest = first;
  let greatest = first;
  for (const value of values) {
    if (compareUtf8(value, smallest) < 0) smallest = value;
    else if (compareUtf8(value, greatest) > 0) greatest = value;
  }
  return [smallest, greatest];
}

function extremeNumbers(
  values: readonly string[],
  first: string,
  kind: ParquetColumn["kind"],
): [string, string] {
  let smallest = first;
  let greatest = first;
  const numberOf = numberReader(kind);
  let low = numberOf(first);
  let high = low;
  for (const value of values) {
    const number = numberOf(value);
    if (number < low) {
      smallest = value;
      low = number;
    } else if (number > high) {
      greatest = value;
      high = number;
    }
  }
  return [smallest, greatest];
}

/** Orders as the bytes of UTF-8 do: unlike UTF-16 units, characters beyond U+FFFF come last. */
export function compareUtf8(one: string, other: string): number {
  const length = Math.min(one.length, other.length);
  for (let at = 0; at < length; at++) {
    const left = one.charCodeAt(at);
    const right = other.charCodeAt(at);
    if (left !== right) return rank(left) - rank(right);
  }
  return one.length - other.length;
}

/** Surrogates, which only begin what lies beyond U+FFFF, go behind the rest. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
