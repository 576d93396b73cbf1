import type { DefaultChange } from "../core/defaults.ts";
import type { CaptureDefaults } from "../core/enablePlan.ts";
import { quoteIdentifier } from "../core/name.ts";
import type { Images, OnTruncate, Oversize } from "../types.ts";
import { operation } from "./capture.ts";
import type { AuditDatabase } from "./installation.ts";
import { literal } from "./literal.ts";
import { FOREVER, listRetention } from "./retention.ts";

/** What `audit defaults set` has said, by the names of the flags; whatever it has not is undefined. */
export interface SetDefaults {
  readonly exclude?: readonly string[] | undefined;
  readonly redact?: readonly string[] | undefined;
  readonly images?: Images | undefined;
  readonly "on-truncate"?: OnTruncate | undefined;
  readonly oversize?: Oversize | undefined;
  readonly statement?: boolean | undefined;
  readonly always?: boolean | undefined;
  readonly view?: boolean | undefined;
  readonly "view-name"?: string | undefined;
  /** The name of a retention class. */
  readonly retain?: string | undefined;
}

/** The defaults as they were set. */
export async function readSetDefaults({ sql, object }: AuditDatabase): Promise<SetDefaults> {
  const rows = await sql<{ name: string; value: string }[]>`
    select name, value::text as value from ${object("defaults")}`;
  // Written by defaultsStatements alone.
  return Object.fromEntries(rows.map(({ name, value }) => [name, JSON.parse(value)])) as SetDefaults;
}

/** What holds for a table that is enabled for the first time, where nothing else is asked. */
export async function readDefaults(audit: AuditDatabase): Promise<CaptureDefaults> {
  const {
    retain,
    "on-truncate": onTruncate,
    "view-name": viewName,
    ...defaults
  } = await readSetDefaults(audit);
  const classes = await listRetention(audit);
  const kept = classes.find(({ name }) => name === (retain ?? FOREVER));
  return { ...defaults, onTruncate, viewName, retentionId: kept?.id ?? 1 };
}

/** The statements that set defaults and take others away, and note that. */
export function defaultsStatements(auditSchema: string, changes: readonly DefaultChange[]): string[] {
  const schema = quoteIdentifier(auditSchema);
  const plan = Object.fromEntries(changes.map(({ name, value }) => [name, value]));
  return [
    ...changes.map(({ name, value }) =>
      value === null
        ? `delete from ${schema}.defaults where name = ${literal(name)};`
        : `insert into ${schema}.defaults (name, value) values (${literal(name)}, ${literal(JSON.stringify(value))})
on conflict (name) do update set value = excluded.value;`,
    ),
    operation(schema, "defaults", null, plan),
  ];
}
