import type { Change } from "../types.ts";
import type { Cell, Column } from "./columns.ts";
import { jsonLine } from "./json.ts";
import { tableLabel } from "./name.ts";

/** The flat form of a change, for tables and CSV: images and context as JSON. */
export const changeFields: readonly Column[] = [
  { title: "id", align: "right" },
  { title: "tx", align: "right" },
  { title: "at", fixed: true },
  { title: "table" },
  { title: "op", fixed: true },
  { title: "key" },
  { title: "old_key" },
  { title: "old" },
  { title: "new" },
  { title: "actor" },
  { title: "db_user" },
  { title: "context" },
];

/** Its cells. */
export function changeRow(change: Change): readonly Cell[] {
  return [
    change.id,
    change.tx,
    change.at,
    tableLabel(change.schema, change.table),
    change.op,
    change.key,
    change.oldKey,
    change.old && jsonLine(change.old),
    change.new && jsonLine(change.new),
    change.actor,
    change.dbUser,
    change.context && jsonLine(change.context),
  ];
}
