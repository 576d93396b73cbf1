import type { AuditDatabase } from "./installation.ts";

/** A name in our schema that is not to be had. */
export interface TakenName {
  readonly name: string;
  /** What has it, for people. */
  readonly what: string;
  /** The registry id of the table whose history view it is, or will be again; null for anything else. */
  readonly relation: number | null;
}

/** The names that relations and types of our schema have, and those of history views, were they gone as well. */
export async function listTakenNames({ sql, object, installation }: AuditDatabase): Promise<TakenName[]> {
  return sql<TakenName[]>`
    select relation.view_name as name,
      format('the view of %I.%I', relation.schema_name, relation.table_name) as what,
      relation.id as relation
    from ${object("relation")} as relation
    where relation.view_name is not null and relation.dropped_at is null
    union all
    select class.relname, pg_describe_object('pg_class'::regclass, class.oid, 0), null
    from pg_class as class
    join pg_namespace as namespace on namespace.oid = class.relnamespace and namespace.nspname = ${installation.schema}
    where not exists (
      select from ${object("relation")} as relation
      where relation.view_name = class.relname and class.relkind = 'v'
    )
    union all
    select type.typname, pg_describe_object('pg_type'::regclass, type.oid, 0), null
    from pg_type as type
    join pg_namespace as namespace on namespace.oid = type.typnamespace and namespace.nspname = ${installation.schema}
    where type.typrelid = 0`;
}
