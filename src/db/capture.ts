import type { TableFacts } from "../core/auditable.ts";
import type { CaptureSettings } from "../core/enablePlan.ts";
import { quoteIdentifier } from "../core/name.ts";
import type { AuditDatabase } from "./installation.ts";
import { arrayLiteralOf, literal } from "./literal.ts";
import type { Relation } from "./registry.ts";

/** One table to be audited, everything decided. */
export interface CaptureRequest {
  readonly facts: TableFacts;
  /** The registry id: a new one, or that of `existing`. */
  readonly relation: number;
  readonly existing: Relation | undefined;
  readonly settings: CaptureSettings;
  /** Why the coverage so far cannot go on; undefined where it can. */
  readonly gap?: string | undefined;
}

/**
 * The statements that put capture on a table, or change what it is captured with: the registry's entry, the
 * functions and triggers, the shape, the beginning of coverage, the note of what was done. One transaction.
 */
export async function enableStatements(
  audit: AuditDatabase,
  { facts, relation, existing, settings, gap }: CaptureRequest,
): Promise<string[]> {
  const { sql, installation, isSuperuser } = audit;
  const schema = quoteIdentifier(installation.schema);
  const table = qualified(facts);
  const guarded = !installation.eventTriggers;
  const excludedSql = arrayLiteralOf(await readExcluded(audit, facts.oid, settings), "smallint");
  const globsSql = arrayLiteralOf(settings.exclude, "text");
  const keySql = arrayLiteralOf(facts.keyColumns, "smallint");

  const capture = await sql.unsafe<{ statement: string }[]>(
    `select ${schema}._capture_statements($1, $2, ${keySql}, ${excludedSql}, ${globsSql}, $3, $4, $5, $6) as statement`,
    [relation, facts.oid, settings.retentionId, settings.onTruncate, guarded, installation.roles],
  );
  return [
    lockStatement(facts),
    ...borrow(installation, isSuperuser),
    `insert into ${schema}.relation (id, oid, schema_name, table_name, key_columns, excluded, exclude, on_truncate, retention, capture, enabled)
values (${relation}, ${facts.oid}, ${literal(facts.schema)}, ${literal(facts.table)}, ${keySql}, ${excludedSql}, ${globsSql}, ${literal(settings.onTruncate)}, ${settings.retentionId}, ${literal(guarded ? "guarded" : "generated")}, true)
on conflict (id) do update set
  oid = excluded.oid, schema_name = excluded.schema_name, table_name = excluded.table_name, key_columns = excluded.key_columns,
  excluded = excluded.excluded, exclude = excluded.exclude, on_truncate = excluded.on_truncate,
  retention = excluded.retention, capture = excluded.capture, enabled = true;`,
    ...(existing?.onTruncate === "capture" && settings.onTruncate !== "capture" && installation.roles
      ? [`revoke select on ${table} from audit_truncate;`]
      : []),
    ...capture.map(({ statement }) => statement),
    `select ${schema}._record_shape(${relation}, ${facts.oid}, ${excludedSql});`,
    ...(gap === undefined ? [] : [closeCoverage(schema, relation, gap)]),
    `insert into ${schema}.coverage (relation, from_id, from_at, on_reason)
select ${relation}, nextval(${literal(`${schema}.change_id`)}), clock_timestamp(), 'enabled'
where not exists (select from ${schema}.coverage where relation = ${relation} and until_id is null);`,
    operation(schema, "enable", relation, {
      table,
      exclude: settings.exclude,
      on_truncate: settings.onTruncate,
      retention: settings.retentionId,
    }),
    ...giveBack(installation, isSuperuser),
  ];
}

/** Keeps writers and DDL out until the transaction ends; the other statements describe the table as it is then. */
export function lockStatement(table: Pick<TableFacts, "schema" | "table">): string {
  return `lock table ${qualified(table)} in share row exclusive mode;`;
}

/**
 * The attribute numbers, in order, of all that such settings leave out of a table now: what globs match and what
 * is generated from excluded columns, too.
 */
export async function readExcluded(
  { sql, object }: AuditDatabase,
  oid: number,
  { excluded, exclude }: Pick<CaptureSettings, "excluded" | "exclude">,
): Promise<number[]> {
  const [row] = await sql<{ excluded: number[] }[]>`
    select ${object("_excluded_columns")}(
      ${oid}::oid, ${sql.array([...excluded], 21)}::smallint[], ${sql.array([...exclude], 25)}::text[]) as excluded`;
  return row?.excluded ?? [];
}

/** The statements that end capture of a table: triggers off, coverage closed. The history stays. */
export async function disableStatements(
  audit: AuditDatabase,
  relation: Relation,
  reason = "disabled",
): Promise<string[]> {
  const { sql, installation, isSuperuser } = audit;
  const schema = quoteIdentifier(installation.schema);
  const release = await sql.unsafe<{ statement: string }[]>(
    `select ${schema}._release_statements($1, $2, $3) as statement`,
    [relation.id, relation.oid, installation.roles],
  );
  return [
    ...borrow(installation, isSuperuser),
    ...release.map(({ statement }) => statement),
    `update ${schema}.relation set enabled = false where id = ${relation.id};`,
    closeCoverage(schema, relation.id, reason),
    operation(schema, "disable", relation.id, { table: qualified(relation) }),
    ...giveBack(installation, isSuperuser),
  ];
}

function closeCoverage(schema: string, relation: number, reason: string): string {
  return `update ${schema}.coverage
set until_id = nextval(${literal(`${schema}.change_id`)}), until_at = clock_timestamp(), off_reason = ${literal(reason)}
where relation = ${relation} and until_id is null;`;
}

/** The statement that notes what this tool did. */
export function operation(schema: string, kind: string, relation: number | null, plan: object): string {
  return `insert into ${schema}.operation (kind, relation, plan) values (${literal(kind)}, ${literal(relation)}, ${literal(JSON.stringify(plan))});`;
}

/**
 * Handing a function over to a role takes membership in it, and the role needs CREATE on the schema: lent for
 * the transaction only, to installers who are no superusers.
 */
function borrow(installation: AuditDatabase["installation"], isSuperuser: boolean): string[] {
  if (isSuperuser || !installation.roles) return [];
  return [
    "grant audit_writer, audit_truncate to current_user;",
    `grant create on schema ${quoteIdentifier(installation.schema)} to audit_writer, audit_truncate;`,
  ];
}

function giveBack(installation: AuditDatabase["installation"], isSuperuser: boolean): string[] {
  if (isSuperuser || !installation.roles) return [];
  return [
    `revoke create on schema ${quoteIdentifier(installation.schema)} from audit_writer, audit_truncate;`,
    "revoke audit_writer, audit_truncate from current_user;",
  ];
}

function qualified({ schema, table }: { readonly schema: string; readonly table: string }): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(table)}`;
}
