import { type ArchivedColumn, archivedColumns } from "../change.ts";
import { bool, type Fields, i8, i32, struct, type Thrift, text } from "./thrift.ts";

/** What a column holds, and so how its texts become bytes. */
export type ColumnKind = "int64" | "uint64" | "int32" | "timestamp" | "text" | "json";

export interface ParquetColumn {
  readonly name: ArchivedColumn;
  readonly index: number;
  readonly kind: ColumnKind;
  readonly required: boolean;
  /** Whether its values tend to repeat, so that each is written once and numbered. */
  readonly repetitive: boolean;
  /** Whether the smallest and greatest value of a row group are of use to a reader. */
  readonly statistics: boolean;
}

const kinds: Readonly<Partial<Record<ArchivedColumn, ColumnKind>>> = {
  id: "int64",
  at: "timestamp",
  xid: "uint64",
  began: "timestamp",
  relation: "int32",
  segment: "int32",
  old: "json",
  new: "json",
  context: "json",
};

const required: readonly ArchivedColumn[] = ["id", "at", "xid", "relation", "segment", "op", "db_user"];
const distinct: readonly ArchivedColumn[] = ["id", "at", "key", "old", "new", "old_tid", "new_tid"];
const unbounded: readonly ArchivedColumn[] = ["old", "new", "context", "old_tid", "new_tid"];

/** The columns of a file, in its order. */
export const parquetColumns: readonly ParquetColumn[] = archivedColumns.map((name, index) => ({
  name,
  index,
  kind: kinds[name] ?? "text",
  required: required.includes(name),
  repetitive: !distinct.includes(name),
  statistics: !unbounded.includes(name),
}));

/** The number of the physical type. */
export function physicalType(kind: ColumnKind): number {
  if (kind === "int32") return 1;
  return kind === "text" || kind === "json" ? 6 : 2;
}

const converted: Readonly<Partial<Record<ColumnKind, number>>> = {
  text: 0,
  timestamp: 10,
  uint64: 14,
  json: 19,
};

const logical: Readonly<Partial<Record<ColumnKind, Thrift>>> = {
  text: struct({ 1: struct({}) }),
  timestamp: struct({ 8: struct({ 1: bool(true), 2: struct({ 2: struct({}) }) }) }),
  uint64: struct({ 10: struct({ 1: i8(64), 2: bool(false) }) }),
  json: struct({ 12: struct({}) }),
};

/** The schema as the footer lists it: the root, then every column with its older and its newer kind of type. */
export const schemaElements: readonly Fields[] = [
  { 4: text("change"), 5: i32(parquetColumns.length) },
  ...parquetColumns.map(({ name, kind, required }) => ({
    1: i32(physicalType(kind)),
    3: i32(required ? 0 : 1),
    4: text(name),
    6: converted[kind] === undefined ? undefined : i32(converted[kind]),
    10: logical[kind],
  })),
];
