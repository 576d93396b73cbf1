import { tableLabel } from "../core/name.ts";
import type { Change } from "../types.ts";
import type { Column, Row } from "./columns.ts";
import { jsonLine } from "./json.ts";

/** The flat form of changes: for table, csv and markdown. */
export const changeColumns: readonly Column[] = [
  { title: "id", align: "right" },
  { title: "tx", align: "right" },
  { title: "at", fixed: true },
  { title: "op", fixed: true },
  { title: "key" },
  { title: "old_key" },
  { title: "actor" },
  { title: "db_user" },
  { title: "old" },
  { title: "new" },
  { title: "context" },
];

/** A change as a row of changeColumns; images and context as JSON. */
export function changeRow(change: Change): Row {
  const json = (value: unknown) => (value === null ? null : jsonLine(value));
  return [
    change.id,
    change.tx,
    change.at,
    change.op,
    change.key,
    change.oldKey,
    change.actor,
    change.dbUser,
    json(change.old),
    json(change.new),
    json(change.context),
  ];
}

/** Where the table stands in the flat form of changes of several. */
const tablePlace = changeColumns.findIndex(({ title }) => title === "op");

/** The flat form of changes of several tables. */
export const tablesChangeColumns = changeColumns.toSpliced(tablePlace, 0, { title: "table" });

/** A change as a row of tablesChangeColumns. */
export function tablesChangeRow(change: Change): Row {
  return [...changeRow(change)].toSpliced(tablePlace, 0, tableLabel(change));
}
