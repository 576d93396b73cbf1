import type { Retain } from "../core/interval.ts";
import { quoteIdentifier } from "../core/name.ts";
import { didYouMean } from "../core/suggest.ts";
import { usageError } from "../errors.ts";
import { operation } from "./capture.ts";
import type { AuditDatabase } from "./installation.ts";
import { literal } from "./literal.ts";

/** A retention class with the tables that use it. */
export interface RetentionRow {
  readonly id: number;
  readonly name: string;
  /** PostgreSQL's text of the interval; null keeps for ever. */
  readonly keep: string | null;
  readonly hotSegment: number | null;
  readonly tables: readonly string[];
}

/** The class of tables that were given none. */
export const FOREVER = "forever";

/** All retention classes, by name. */
export async function listRetention({ sql, object }: AuditDatabase): Promise<RetentionRow[]> {
  return sql<RetentionRow[]>`
    select
      retention.id, retention.name, retention.keep::text as keep, retention.hot_segment as "hotSegment",
      array(
        select format('%I.%I', relation.schema_name, relation.table_name)
        from ${object("relation")} as relation
        where relation.retention = retention.id and relation.enabled
        order by 1
      ) as tables
    from ${object("retention")} as retention
    order by retention.keep nulls last, retention.name`;
}

/** Makes a class or changes how long it keeps; null keeps for ever. Returns what it was before, if anything. */
export async function setRetention(
  audit: AuditDatabase,
  name: string,
  keep: string | null,
): Promise<{ readonly existed: boolean; readonly former: string | null }> {
  const former = (await listRetention(audit)).find((row) => row.name === name);
  for (const statement of retentionStatements(audit.installation.schema, {
    name,
    keep,
    former: former?.keep ?? null,
  }))
    await audit.sql.unsafe(statement);
  return { existed: former !== undefined, former: former?.keep ?? null };
}

/** The statements that make a class, or change how long it keeps, and note that. A new class takes the next number. */
export function retentionStatements(
  auditSchema: string,
  {
    name,
    keep,
    former,
  }: { readonly name: string; readonly keep: string | null; readonly former: string | null },
): string[] {
  const schema = quoteIdentifier(auditSchema);
  return [
    `insert into ${schema}.retention (id, name, keep)
select coalesce(max(id), 0) + 1, ${literal(name)}, ${literal(keep)}::interval from ${schema}.retention
on conflict (name) do update set keep = excluded.keep;`,
    operation(schema, "retention", null, { name, keep, former }),
  ];
}

/**
 * The class meant by --retain: an existing one by name, or the one an interval names, which may have to be made
 * first. Exit 2 for a name that no class has.
 */
export async function planRetention(
  audit: AuditDatabase,
  retain: Retain,
): Promise<RetentionRow & { readonly isNew: boolean }> {
  const classes = await listRetention(audit);
  const found = classes.find(({ name }) => name === retain.name);
  if (found) return { ...found, isNew: false };
  if (retain.kind === "class") {
    const meant = didYouMean(
      retain.name,
      classes.map(({ name }) => name),
    );
    throw usageError(
      [`There is no retention class ${retain.name}.`, meant].join(" ").trimEnd(),
      `Make it first: audit retention set ${retain.name} 1y. There are: ${classes.map(({ name }) => name).join(", ")}.`,
    );
  }
  const id = Math.max(0, ...classes.map((row) => row.id)) + 1;
  return {
    id,
    name: retain.name,
    keep: retain.keep?.text ?? null,
    hotSegment: null,
    tables: [],
    isNew: true,
  };
}

/** The statements that open the class's first segment, if it has none: the triggers need one to write to. */
export function segmentStatements(auditSchema: string, { id, hotSegment }: RetentionRow): string[] {
  return hotSegment === null ? [`select ${quoteIdentifier(auditSchema)}._open_segment(${id});`] : [];
}
