import type { Image, Instant, RowDifference } from "../types.ts";
import { changesBetween, findMoves, isOf, type Move, type Span } from "./between.ts";
import type { AuditDatabase } from "./installation.ts";
import { keyNames, statementAt } from "./past.ts";
import type { Relation } from "./registry.ts";

const BATCH = 500;

interface Row {
  readonly key: string;
  readonly old_key: string | null;
  readonly old: string | null;
  readonly new: string | null;
}

/**
 * The rows that differ between two instants, in the order of their keys, with what differs: from the states at both, so
 * that a changed row has all columns that are known then. Looks only at keys that were touched since the earlier one. A
 * row that goes by another key is one difference. Redacted columns are marked where they were written. `key` narrows it to
 * the row that had, or has, this key.
 */
export async function* streamDifferences(
  audit: AuditDatabase,
  relation: Relation,
  span: Span,
  key: string | undefined,
): AsyncGenerator<RowDifference[], void, undefined> {
  const source = await changesBetween(audit, relation, span);
  const moves = (await findMoves(audit, relation, source)).filter(
    (move) => key === undefined || move.key === key || move.origin === key,
  );
  const keys =
    key === undefined
      ? await touchedSince(audit, relation, span)
      : [...new Set([key, ...moves.flatMap((move) => [move.origin, move.key])])];
  const query = await differencesQuery(audit, relation, span, { source, moves, keys });
  const parameters = [moves.map(({ origin }) => origin), moves.map((move) => move.key)];
  for await (const rows of audit.sql
    .unsafe<Row[]>(
      query,
      parameters.map((list) => JSON.stringify(list)),
    )
    .cursor(BATCH)) {
    yield rows.map(toDifference).filter((difference) => key === undefined || isOf(difference, key));
  }
}

async function differencesQuery(
  audit: AuditDatabase,
  relation: Relation,
  { from, to }: Span,
  { source, moves, keys }: { source: string; moves: readonly Move[]; keys: readonly string[] },
): Promise<string> {
  const { sql, object } = audit;
  const before = await statementAt(audit, relation, from, keys);
  const after = await statementAt(audit, relation, to, keys);
  const imageAt = (...moments: readonly Instant[]) => sql`
    ${object("_row_image_expression")}(${relation.oid}::oid, array(
      select attnum
      from jsonb_to_recordset(${JSON.stringify(moments)}::text::jsonb) as moment (at timestamptz, tag text)
      cross join ${object("_columns_at")}(${relation.id}, ${relation.oid}::oid, moment.at, moment.tag)
      where unknown is not null
    ), 'r.')`;
  // Columns that are known at the later instant only tell what was inserted; they cannot be compared.
  const [made] = await sql<{ key: string; known: string; inserted: string }[]>`
    select
      ${object("_key_expression")}(${relation.oid}::oid, ${sql.array([...relation.keyColumns], 21)}::smallint[], 'r.') as key,
      ${imageAt(from, to)} as known,
      ${imageAt(to)} as inserted`;
  const names = await keyNames(audit, relation);
  const places = names.map((name, index) => `, r.${name} as place_${index}`).join("");
  const order = names.map((_, index) => `coalesce(after.place_${index}, before.place_${index})`);
  const side = (statement: string) =>
    `select ${made?.key} as key, ${made?.known} as known, ${made?.inserted} as inserted${places} from (${statement}) as r`;
  return `
    with move as materialized (
      select origin, key
      from rows from (json_array_elements_text($1::text::json), json_array_elements_text($2::text::json)) as move (origin, key)
    ), mark as materialized (
      ${relation.redacted.length > 0 ? marks(source) : "select null::text as key, null::jsonb as image where false"}
    ), after as (
      select after.*, ${
        moves.length > 0
          ? "case when move.key is not null then move.origin when gone.origin is null then after.key end"
          : "after.key"
      } as origin
      from (${side(after)}) as after
      ${moves.length > 0 ? "left join move on move.key = after.key left join move as gone on gone.origin = after.key" : ""}
    )
    select coalesce(after.key, before.key) as key,
      case when after.key <> before.key then before.key end as old_key,
      (before.known || coalesce(mark.image, '{}'))::text as old,
      (case when before.known is null then after.inserted else after.known end || coalesce(mark.image, '{}'))::text as new
    from (${side(before)}) as before
    full join after on after.origin = before.key
    left join mark on mark.key = coalesce(after.key, before.key)
    where before.known is distinct from after.known or after.key <> before.key or mark.key is not null
    order by ${[...order, "key", "old"].join(", ")}`;
}

/** Which redacted columns were written, by the key that the row has in the end. */
function marks(source: string): string {
  return `
      select coalesce(move.key, change.key) as key, jsonb_object_agg(part.key, part.value) as image
      from ${source} as change
      left join move on move.origin = coalesce(change.old_key, change.key)
      cross join jsonb_each(coalesce(change.old, '{}') || coalesce(change.new, '{}')) as part
      where part.value = '{"redacted": true}'
      group by 1`;
}

function toDifference(row: Row): RowDifference {
  const { key } = row;
  const old = row.old === null ? undefined : (JSON.parse(row.old) as Image);
  const after = row.new === null ? undefined : (JSON.parse(row.new) as Image);
  if (old && after)
    return row.old_key === null
      ? { kind: "changed", key, old, new: after }
      : { kind: "changed", key, oldKey: row.old_key, old, new: after };
  if (after) return { kind: "inserted", key, new: after };
  return { kind: "deleted", key, old: old ?? {} };
}

/**
 * Keys touched by what was not done at the earlier instant. Of a time and a tag, a transaction that was in progress may
 * count as done at the earlier one only: then both are asked.
 */
async function touchedSince(audit: AuditDatabase, relation: Relation, { from, to }: Span): Promise<string[]> {
  const keys = await touchedAfter(audit, relation, from);
  if ((from.tag === undefined) === (to.tag === undefined)) return keys;
  return [...new Set([...keys, ...(await touchedAfter(audit, relation, to))])];
}

async function touchedAfter(
  { sql, object }: AuditDatabase,
  relation: Relation,
  instant: Instant,
): Promise<string[]> {
  const [made] = await sql<{ query: string }[]>`
    select ${object("_undone_keys")}(${relation.id}, ${instant.at}::text::timestamptz, ${instant.tag ?? null}::text) as query`;
  const rows = await sql.unsafe<{ key: string }[]>(made?.query ?? "");
  return rows.map(({ key }) => key);
}
