import type { TableFacts } from "../core/auditable.ts";
import type { CaptureSettings } from "../core/capture.ts";
import { quoteIdentifier } from "../core/name.ts";
import type { Kind } from "../types.ts";
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
export async function enableStatements(audit: AuditDatabase, request: CaptureRequest): Promise<string[]> {
  const { sql, installation, isSuperuser } = audit;
  const { facts, relation, settings, gap } = request;
  const schema = quoteIdentifier(installation.schema);
  const entry = await settledEntry(audit, request);
  const capture = await sql.unsafe<{ statement: string }[]>(
    `select ${schema}._capture_statements(jsonb_populate_record(null::${schema}.relation, $1::text::jsonb), $2) as statement`,
    [JSON.stringify(entry), installation.roles],
  );
  const columns = Object.keys(entry);
  const unrecorded = arrayLiteralOf([...entry.excluded, ...entry.redacted], "smallint");
  return [
    lockStatement(facts),
    ...borrow(installation, isSuperuser),
    `insert into ${schema}.relation (${columns.join(", ")})
values (${columns.map((column) => valueLiteral(column, entry[column] ?? null)).join(", ")})
on conflict (id) do update set
  ${columns
    .filter((column) => column !== "id")
    .map((column) => `${column} = ${column === "digested" ? "relation.digested or " : ""}excluded.${column}`)
    .join(", ")};`,
    `select ${schema}._record_shape(${relation}, ${facts.oid}, ${unrecorded});`,
    ...viewStatements(schema, request),
    ...capture.map(({ statement }) => statement),
    ...(gap === undefined ? [] : [`select ${schema}._end_coverage(${relation}, ${literal(gap)});`]),
    `select ${schema}._begin_coverage(${relation}, 'enabled');`,
    operation(schema, "enable", relation, { table: qualified(facts), ...settings }),
    ...giveBack(installation, isSuperuser),
  ];
}

/** A view of another name, or that is not wanted any more, goes; the one that is wanted is made as the table is now. */
function viewStatements(schema: string, { relation, existing, settings }: CaptureRequest): string[] {
  const former = existing?.viewName ?? null;
  return [
    ...(former === null || former === settings.viewName
      ? []
      : [
          `drop view if exists ${schema}.${quoteIdentifier(former)};`,
          `update ${schema}.relation set view_made = null where id = ${relation};`,
        ]),
    ...(settings.viewName === null ? [] : [`select ${schema}._make_view(${relation});`]),
  ];
}

/** The registry's entry of a table, in the order in which its columns are written. */
interface Entry {
  readonly excluded: readonly number[];
  readonly redacted: readonly number[];
  readonly [column: string]: string | number | boolean | null | readonly (string | number)[];
}

/** How a table would be captured under these settings, and which of its columns (by attribute number) would not be. */
export async function foreseeCapture(
  audit: AuditDatabase,
  facts: TableFacts,
  settings: CaptureSettings,
): Promise<{ readonly kind: Kind; readonly excluded: readonly number[] }> {
  const { kind, excluded } = await settledEntry(audit, { facts, relation: 0, settings });
  return { kind: kind === "statement" ? kind : "row", excluded };
}

/** Our entry with what the server finds to follow from it as the table is now. */
async function settledEntry(
  { sql, installation }: AuditDatabase,
  { facts, relation, settings }: Pick<CaptureRequest, "facts" | "relation" | "settings">,
): Promise<Entry> {
  const schema = quoteIdentifier(installation.schema);
  const asked = {
    id: relation,
    oid: facts.oid,
    schema_name: facts.schema,
    table_name: facts.table,
    key_columns: settings.keyColumns,
    key_from: settings.keyFrom,
    exclude_columns: settings.exclude.columns,
    exclude_globs: settings.exclude.globs,
    only_columns: settings.only?.columns ?? null,
    only_globs: settings.only?.globs ?? [],
    redact_columns: settings.redact.columns,
    redact_globs: settings.redact.globs,
    images: settings.images,
    on_truncate: settings.onTruncate,
    oversize: settings.oversize,
    digested: settings.oversize === "digest",
    keeps_statement: settings.keepsStatement,
    always: settings.always,
    retention: settings.retentionId,
    view_name: settings.viewName,
    capture: installation.eventTriggers ? "generated" : "guarded",
    enabled: true,
  };
  const [row] = await sql.unsafe<
    { excluded: number[]; redacted: number[]; kind: Kind; partitions: number[]; sight: string }[]
  >(
    `select settled.excluded, settled.redacted, settled.kind, settled.partitions, settled.sight
     from ${schema}._settled(jsonb_populate_record(null::${schema}.relation, $1::text::jsonb)) as settled`,
    [JSON.stringify(asked)],
  );
  return { ...asked, excluded: [], redacted: [], ...row };
}

function valueLiteral(column: string, value: Entry[string]): string {
  if (typeof value !== "object" || value === null) return literal(value);
  if (column === "partitions") return arrayLiteralOf(value, "oid");
  return arrayLiteralOf(value, column.endsWith("_globs") ? "text" : "smallint");
}

/** Keeps writers and DDL out until the transaction ends; the other statements describe the table as it is then. */
export function lockStatement(table: Pick<TableFacts, "schema" | "table">): string {
  return `lock table ${qualified(table)} in share row exclusive mode;`;
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
    `select ${schema}._end_coverage(${relation.id}, ${literal(reason)});`,
    operation(schema, "disable", relation.id, { table: qualified(relation) }),
    ...giveBack(installation, isSuperuser),
  ];
}

/** The statement that notes what this tool did. */
export function operation(schema: string, kind: string, relation: number | null, plan: object): string {
  return `insert into ${schema}.operation (kind, relation, plan) values (${literal(kind)}, ${literal(relation)}, ${literal(JSON.stringify(plan))});`;
}

/** Around statements that make or replace trigger functions: see borrow and giveBack. */
export function lentRights({ installation, isSuperuser }: AuditDatabase) {
  return { borrow: borrow(installation, isSuperuser), giveBack: giveBack(installation, isSuperuser) };
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
