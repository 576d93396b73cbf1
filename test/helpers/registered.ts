/** The fields of audit.relation that a test gives to a function of ours, by their names there. */
export interface Registered {
  readonly id?: number;
  readonly key_columns?: readonly number[];
  readonly excluded?: readonly number[];
  readonly exclude_columns?: readonly number[];
  readonly exclude_globs?: readonly string[];
  readonly only_columns?: readonly number[] | null;
  readonly only_globs?: readonly string[];
  readonly redacted?: readonly number[];
  readonly redact_columns?: readonly number[];
  readonly redact_globs?: readonly string[];
  readonly partitions?: readonly number[];
  readonly capture?: "generated" | "guarded";
  readonly oversize?: "fail" | "digest";
  readonly always?: boolean;
}

/** SQL text of a registry entry of a table as it would be by default, with some settings changed. */
export function registered(table: string, settings: Registered = {}): string {
  const entry = {
    id: 1,
    key_columns: [],
    excluded: [],
    exclude_columns: [],
    exclude_globs: [],
    only_columns: null,
    only_globs: [],
    redacted: [],
    redact_columns: [],
    redact_globs: [],
    partitions: [],
    images: "changes",
    oversize: "fail",
    always: false,
    capture: "generated",
    ...settings,
  };
  const given = JSON.stringify(entry).replaceAll("'", "''");
  const [schema, name] = table
    .split(".")
    .map((part) => `'${part.replaceAll('"', "").replaceAll("'", "''")}'`);
  return `jsonb_populate_record(null::audit.relation, '${given}'::jsonb || jsonb_build_object(
    'oid', '${table.replaceAll("'", "''")}'::regclass::oid::bigint, 'schema_name', ${schema}, 'table_name', ${name}))`;
}
