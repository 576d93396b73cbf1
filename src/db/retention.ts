import type { Retain } from "../core/interval.ts";
import { didYouMean } from "../core/suggest.ts";
import { usageError } from "../errors.ts";
import type { AuditDatabase } from "./installation.ts";

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
  { sql, object }: AuditDatabase,
  name: string,
  keep: string | null,
): Promise<{ readonly existed: boolean; readonly former: string | null }> {
  const [former] = await sql<{ keep: string | null }[]>`
    select keep::text from ${object("retention")} where name = ${name}`;
  await sql`
    insert into ${object("retention")} (name, keep) values (${name}, ${keep}::text::interval)
    on conflict (name) do update set keep = excluded.keep`;
  await sql`
    insert into ${object("operation")} (kind, plan)
    values ('retention', ${JSON.stringify({ name, keep, former: former?.keep ?? null })}::text::jsonb)`;
  return { existed: former !== undefined, former: former?.keep ?? null };
}

/** The class meant by --retain: an existing one by name, or the one an interval names, made if need be. */
export async function ensureRetention(audit: AuditDatabase, retain: Retain): Promise<RetentionRow> {
  const classes = await listRetention(audit);
  const found = classes.find(({ name }) => name === retain.name);
  if (found) return found;
  if (retain.kind === "class") {
    throw usageError(
      `There is no retention class ${retain.name}.${didYouMean(
        retain.name,
        classes.map(({ name }) => name),
      )}`,
      `Make it first: audit retention set ${retain.name} 1y. There are: ${classes.map(({ name }) => name).join(", ")}.`,
    );
  }
  await setRetention(audit, retain.name, retain.keep?.text ?? null);
  const [made] = (await listRetention(audit)).filter(({ name }) => name === retain.name);
  if (!made) throw new Error(`the retention class ${retain.name} was not made`);
  return made;
}

/** Opens the class's first segment if it has none: the triggers need one to write to. */
export async function ensureSegment({ sql, object }: AuditDatabase, retention: RetentionRow): Promise<void> {
  if (retention.hotSegment === null) await sql`select ${object("_open_segment")}(${retention.id})`;
}
