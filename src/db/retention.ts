import type { Retain } from "../core/interval.ts";
import { quoteIdentifier } from "../core/name.ts";
import { didYouMean } from "../core/suggest.ts";
import { refusal, usageError } from "../errors.ts";
import { operation } from "./capture.ts";
import type { AuditDatabase } from "./installation.ts";
import { literal } from "./literal.ts";

/** A retention class with the tables that use it. */
export interface RetentionRow {
  readonly id: number;
  readonly name: string;
  /** PostgreSQL's text of the interval; null keeps for ever. */
  readonly keep: string | null;
  /** The least it may be told to keep, as PostgreSQL's text; null where there is no floor. */
  readonly floor: string | null;
  readonly hotSegment: number | null;
  /** After how long its segments rotate, set or by default; null where time does not matter. */
  readonly rotate: string | null;
  /** At how many bytes; null where size does not matter. */
  readonly rotateBytes: number | null;
  readonly tables: readonly string[];
}

/** A class as it is to be. What is undefined stays as it was. */
export interface RetentionWish {
  readonly name: string;
  /** null keeps for ever. */
  readonly keep: string | null;
  /** null takes it away. */
  readonly floor?: string | null | undefined;
  /** null is the default. */
  readonly rotate?: string | null | undefined;
  /** null for whatever size. */
  readonly rotateBytes?: number | null | undefined;
}

/** The class of tables that were given none. */
export const FOREVER = "forever";

/** All retention classes, by name. */
export async function listRetention({ sql, object }: AuditDatabase): Promise<RetentionRow[]> {
  return sql<RetentionRow[]>`
    select
      retention.id, retention.name, retention.keep::text as keep, retention.floor::text as floor, retention.hot_segment as "hotSegment",
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
 * Makes a class or changes it. Returns what it was before, if anything. Exit 2, and nothing is changed, where a segment
 * would outlast what it holds.
 */
export async function setRetention(
  audit: AuditDatabase,
  wish: RetentionWish,
): Promise<RetentionRow | undefined> {
  const former = (await listRetention(audit)).find((row) => row.name === wish.name);
  for (const statement of retentionStatements(audit.installation.schema, wish, former))
    await audit.sql.unsafe(statement);
  await refuseLongRotation(audit, wish.name);
  return former;
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
  wish: RetentionWish,
  former: Pick<RetentionRow, "keep" | "floor"> | undefined,
): string[] {
  const schema = quoteIdentifier(auditSchema);
  const { name, keep, floor, rotate, rotateBytes } = wish;
  const values = [
    ["keep", `${literal(keep)}::interval`],
    ...(floor === undefined ? [] : [["floor", `${literal(floor)}::interval`]]),
    ...(rotate === undefined ? [] : [["rotate_age", `${literal(rotate)}::interval`]]),
    ...(rotateBytes === undefined
      ? []
      : [["rotate_bytes", rotateBytes === null ? "null::bigint" : String(rotateBytes)]]),
  ];
  const plan = {
    name,
    keep,
    former: former?.keep ?? null,
    ...(floor === undefined ? {} : { floor, former_floor: former?.floor ?? null }),
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

/** An interval as the server writes it, by which two of them are told apart: a month is not 30 days. */
export async function serverInterval({ sql }: AuditDatabase, text: string): Promise<string> {
  const [row] = await sql<{ text: string }[]>`select ${text}::text::interval::text as text`;
  return row?.text ?? text;
}

/**
 * Whether one interval reaches less far back than another on any day of four years; null is for ever. Comparing the
 * intervals would take every month for 30 days.
 */
export async function canBeShorter(
  { sql }: AuditDatabase,
  one: string | null,
  other: string | null,
): Promise<boolean> {
  if (one === null) return false;
  if (other === null) return true;
  const [row] = await sql<{ shorter: boolean }[]>`
    select exists (
      select
      from generate_series(timestamp '2024-01-01', timestamp '2028-01-01', interval '1 day') as today
      where today - ${one}::text::interval > today - ${other}::text::interval
    ) as shorter`;
  return row?.shorter ?? true;
}

/** Refuses (exit 5) what would bring a class below its floor, or the floor down without a word. */
export async function requireFloor(
  audit: AuditDatabase,
  { name, keep, floor }: RetentionWish,
  former: RetentionRow | undefined,
): Promise<void> {
  const present = former?.floor ?? null;
  if (typeof floor === "string" && present !== null && (await canBeShorter(audit, floor, present))) {
    throw refusal(
      `The floor of ${name} is ${present}; ${floor} can be less.`,
      `A floor is lowered by taking it away first: audit retention set ${name} ${keep === null ? "forever" : `'${keep}'`} --floor none`,
    );
  }
  const least = floor === undefined ? present : floor;
  if (least !== null && keep !== null && (await canBeShorter(audit, keep, least))) {
    throw refusal(
      `The class ${name} may not keep less than its floor of ${least}; ${keep} can be less.`,
      floor === undefined
        ? `Keep more, or take the floor away, which is noted: audit retention set ${name} '${keep}' --floor none`
        : "Keep more, or give a lower floor.",
    );
  }
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
    floor: null,
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
