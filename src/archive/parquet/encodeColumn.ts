import type { ArchivedChange } from "../change.ts";
import type { ParquetColumn } from "./columns.ts";
import { encodeHybrid, encodePlain } from "./encodeValues.ts";
import { type ColumnStatistics, statisticsOf } from "./statistics.ts";

export const Encoding = { plain: 0, rle: 3, dictionary: 8 } as const;

/** One column of a row group, not yet compressed. */
export interface EncodedColumn {
  /** The values that the data page numbers, each once; undefined where the page holds them itself. */
  readonly dictionary: { readonly values: number; readonly body: Uint8Array } | undefined;
  readonly page: Uint8Array;
  readonly rows: number;
  readonly statistics: ColumnStatistics;
}

/** More distinct values than this, or than half of all, and numbering them gains nothing. */
const MOST_DISTINCT = 1 << 15;

/** After so many it is plain whether values repeat. */
const SAMPLE = 1024;

/** Encodes what the changes have in the column. */
export function encodeColumn(changes: readonly ArchivedChange[], column: ParquetColumn): EncodedColumn {
  const { index, kind, name } = column;
  const present: string[] = [];
  const levels = column.required ? undefined : new Uint8Array(changes.length);
  for (let row = 0; row < changes.length; row++) {
    const value = changes[row]?.[index];
    if (typeof value === "string") {
      present.push(value);
      if (levels !== undefined) levels[row] = 1;
    } else if (levels === undefined || value === undefined) {
      throw new RangeError(`a change without ${name} is no change`);
    }
  }
  const nulls = changes.length - present.length;
  const head = levels === undefined ? [] : withLength(encodeHybrid(levels, 1));
  const numbered = column.repetitive ? numberValues(present) : undefined;
  if (numbered === undefined) {
    const page = Buffer.concat([...head, encodePlain(present, kind)]);
    return {
      dictionary: undefined,
      page,
      rows: changes.length,
      statistics: statisticsOf(present, nulls, column),
    };
  }
  const { values, numbers } = numbered;
  const width = widthOf(values.length);
  return {
    dictionary: { values: values.length, body: encodePlain(values, kind) },
    page: Buffer.concat([...head, Uint8Array.of(width), encodeHybrid(numbers, width)]),
    rows: changes.length,
    statistics: statisticsOf(values, nulls, column),
  };
}

function numberValues(present: readonly string[]): { values: string[]; numbers: Uint16Array } | undefined {
  const most = Math.min(MOST_DISTINCT, Math.ceil(present.length / 2));
  const known = new Map<string, number>();
  const numbers = new Uint16Array(present.length);
  for (let row = 0; row < present.length; row++) {
    const value = present[row] ?? "";
    if (row === SAMPLE && known.size > SAMPLE / 2) return undefined;
    let number = known.get(value);
    if (number === undefined) {
      if (known.size >= most) return undefined;
      number = known.size;
      known.set(value, number);
    }
    numbers[row] = number;
  }
  return known.size === 0 ? undefined : { values: [...known.keys()], numbers };
}

function widthOf(distinct: number): number {
  for (const width of [1, 2, 4, 8]) if (distinct <= 1 << width) return width;
  return 16;
}

function withLength(body: Uint8Array): Uint8Array[] {
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32LE(body.length);
  return [length, body];
}
