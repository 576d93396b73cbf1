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
  /** After how long its segments rotate, set or by default; null where time does not matter. */
  readonly rotate: string | null;
  /** At how many bytes; null where size does not matter. */
  readonly rotateBytes: number | null;
  readonly tables: readonly string[];
}

/** What a class is to be. What is undefined stays as it was; null is the default. */
export interface RetentionSetting {
  readonly name: string;
  /** null keeps for ever. */
  readonly keep: string | null;
  readonly rotate?: string | null | undefined;
  readonly rotateBytes?: number | null | undefined;
}

/** The class of tables that were given none. */
export const FOREVER = "forever";

/** All retention classes, by name. */
export async function listRetention({ sql, object }: AuditDatabase): Promise<RetentionRow[]> {
  return sql<RetentionRow[]>`
    select
      retention.id, retention.name, retention.keep::text as keep, retention.hot_segment as "hotSegment",
      coalesce(
        retention.rotate_age,
        case when retention.keep is not null then least(retention.keep / 10, interval '1 month') end
      )::text as rotate,
      retention.rotate_bytes::float8 as "rotateBytes",
      array(
        select format('%I.%I', relation.schema_name, relation.table_name)
        from ${object("relation")} as relation
        where relation.retention = retention.id and relation.enabled
        order by 1
      ) as tables
    from ${object("retention")} as retention
    order by retention.keep nulls last, retention.name`;
}

/**
 * Makes a class or changes it. Returns how long it kept before, if it was there. Exit 2, and nothing is changed, where a
 * segment would outlast what it holds.
 */
export async function setRetention(
  audit: AuditDatabase,
  setting: RetentionSetting,
): Promise<{ readonly existed: boolean; readonly former: string | null }> {
  const former = (await listRetention(audit)).find((row) => row.name === setting.name);
  for (const statement of retentionStatements(audit.installation.schema, setting, former?.keep ?? null))
    await audit.sql.unsafe(statement);
  await refuseLongRotation(audit, setting.name);
  return { existed: former !== undefined, former: former?.keep ?? null };
}

async function refuseLongRotation({ sql, object }: AuditDatabase, name: string): Promise<void> {
  const [odd] = await sql<{ keep: string; rotate: string }[]>`
    select keep::text as keep, rotate_age::text as rotate
    from ${object("retention")}
    where name = ${name} and rotate_age > keep`;
  if (odd)
    throw usageError(
      `Retention ${name} cannot keep ${odd.keep} and rotate after ${odd.rotate}: its changes would be kept longer than that.`,
      "Let it rotate sooner, or as by default: --rotate default",
    );
}

/** The statements that make a class, or change it, and note that. A new class takes the next number. */
export function retentionStatements(
  auditSchema: string,
  setting: RetentionSetting,
  former: string | null,
): string[] {
  const schema = quoteIdentifier(auditSchema);
  const { name, keep, rotate, rotateBytes } = setting;
  const values = [
    ["keep", `${literal(keep)}::interval`],
    ...(rotate === undefined ? [] : [["rotate_age", `${literal(rotate)}::interval`]]),
    ...(rotateBytes === undefined
      ? []
      : [["rotate_bytes", rotateBytes === null ? "null::bigint" : String(rotateBytes)]]),
  ];
  const plan = {
    name,
    keep,
    former,
    ...(rotate === undefined ? {} : { rotate }),
    ...(rotateBytes === undefined ? {} : { rotate_size: rotateBytes }),
  };
  return [
    `insert into ${schema}.retention (id, name, ${values.map(([column]) => column).join(", ")})
select coalesce(max(id), 0) + 1, ${literal(name)}, ${values.map(([, value]) => value).join(", ")} from ${schema}.retention
on conflict (name) do update set ${values.map(([column]) => `${column} = excluded.${column}`).join(", ")};`,
    operation(schema, "retention", null, plan),
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
    rotate: null,
    rotateBytes: null,
    tables: [],
    isNew: true,
  };
}

/** The statements that open the class's first segment, if it has none: the triggers need one to write to. */
export function segmentStatements(auditSchema: string, { id, hotSegment }: RetentionRow): string[] {
  return hotSegment === null ? [`select ${quoteIdentifier(auditSchema)}._open_segment(${id});`] : [];
}
