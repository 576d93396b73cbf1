import type { Change, Image, Op, OperationName } from "../types.ts";
import type { AuditDatabase } from "./installation.ts";
import { ISO } from "./iso.ts";
import type { Relation } from "./registry.ts";

/** The letters of the log in words. */
export const operationNames: Readonly<Record<Op, OperationName>> = {
  I: "insert",
  U: "update",
  D: "delete",
  T: "truncate",
};

/** A row of the log as changeColumns selects it. */
export interface ChangeRow {
  id: string;
  tx: string;
  at: string;
  op: Op;
  key: string | null;
  old_key: string | null;
  old: string | null;
  new: string | null;
  actor: string | null;
  db_user: string;
  role: string | null;
  application: string | null;
  client_addr: string | null;
  context: string | null;
  old_tid: string | null;
  new_tid: string | null;
}

/** A change with the registry's number of its table: others may have gone, or go, by the same name. */
export interface TableChange extends Change {
  readonly relation: number;
}

/** A change with the places of its row versions, which link those of one transaction; null where they are not kept. */
export interface PlacedChange extends TableChange {
  readonly oldTid: string | null;
  readonly newTid: string | null;
}

/** What is selected of `change` to make a change of. */
export function changeColumns({ sql }: AuditDatabase) {
  return sql`
    change.id::text as id, change.xid::text as tx,
    to_char(change.at, ${ISO}) as at,
    change.op::text as op, change.key, change.old_key, change.old::text as old, change.new::text as new,
    change.actor, change.db_user, change.role, change.application, host(change.client_addr) as client_addr,
    change.context::text as context, change.old_tid::text as old_tid, change.new_tid::text as new_tid`;
}

/** A change as the rest of the tool knows it. */
export function toChange(row: ChangeRow, relation: Pick<Relation, "id" | "schema" | "table">): PlacedChange {
  return {
    id: row.id,
    tx: row.tx,
    at: row.at,
    schema: relation.schema,
    table: relation.table,
    op: operationNames[row.op],
    key: row.key,
    oldKey: row.old_key,
    old: parseImage(row.old),
    new: parseImage(row.new),
    actor: row.actor,
    dbUser: row.db_user,
    role: row.role,
    application: row.application,
    clientAddr: row.client_addr,
    context: row.context === null ? null : (JSON.parse(row.context) as Change["context"]),
    oldTid: row.old_tid,
    newTid: row.new_tid,
    relation: relation.id,
  };
}

/** JSON.parse is safe here: images hold text and null only. */
function parseImage(text: string | null): Image | null {
  return text === null ? null : (JSON.parse(text) as Image);
}
