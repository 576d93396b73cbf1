import type { Instant, Op, OperationName } from "../types.ts";
import type { AuditDatabase } from "./installation.ts";

/** Which changes to read. Whatever is left out does not narrow. */
export interface ChangeFilter {
  /** Changes recorded at this instant or later; of a tag, those that were not visible to it. */
  readonly since?: Instant | undefined;
  /** Changes recorded later than this instant; of a tag, those that were not visible to it. */
  readonly after?: Instant | undefined;
  /** Changes recorded by this instant; of a tag, those that were visible to it. */
  readonly until?: Instant | undefined;
  readonly ops?: readonly OperationName[] | undefined;
  readonly actor?: string | undefined;
}

const letters: Readonly<Record<OperationName, Op>> = { insert: "I", update: "U", delete: "D", truncate: "T" };

/** The filter as conditions on `change`, each led by "and", for the end of a WHERE clause. */
export function filterCondition(audit: AuditDatabase, { since, after, until, ops, actor }: ChangeFilter) {
  const { sql } = audit;
  return sql`
    ${since === undefined ? sql`` : sql`and ${sinceCondition(audit, since, sql`>=`)}`}
    ${after === undefined ? sql`` : sql`and ${sinceCondition(audit, after, sql`>`)}`}
    ${until === undefined ? sql`` : sql`and ${untilCondition(audit, until)}`}
    ${
      ops === undefined
        ? sql``
        : sql`and change.op::text = any (${sql.array(
            ops.map((op) => letters[op]),
            25,
          )}::text[])`
    }
    ${actor === undefined ? sql`` : sql`and coalesce(change.actor, change.db_user) = ${actor}`}`;
}

function sinceCondition(audit: AuditDatabase, { at, tag }: Instant, sign: ReturnType<AuditDatabase["sql"]>) {
  const { sql, object } = audit;
  if (tag === undefined) return sql`change.at ${sign} ${at}::text::timestamptz`;
  // The first part lets the log's summary serve.
  return sql`
    (change.id >= (select id from ${object("tag")} where name = ${tag})
      or change.at >= (select since from ${object("tag")} where name = ${tag}))
    and not (${visibleToTag(audit, tag)})`;
}

function untilCondition(audit: AuditDatabase, { at, tag }: Instant) {
  if (tag === undefined) return audit.sql`change.at <= ${at}::text::timestamptz`;
  return visibleToTag(audit, tag);
}

/** Ids of former eras are smaller, but their transactions were numbered by another counter. */
function visibleToTag({ sql, object }: AuditDatabase, tag: string) {
  return sql`
    change.id < (select id from ${object("tag")} where name = ${tag})
    and (change.id < (
        select installation.first_id
        from ${object("tag")} as tag
        join ${object("installation")} as installation on installation.era = tag.era
        where tag.name = ${tag})
      or pg_visible_in_snapshot(change.xid, (select snapshot from ${object("tag")} where name = ${tag})))`;
}
