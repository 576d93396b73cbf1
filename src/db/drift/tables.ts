import type { Drift } from "../../core/drift.ts";
import { quoteIdentifier } from "../../core/name.ts";
import { enableStatements } from "../capture.ts";
import { readTables } from "../catalog.ts";
import type { AuditDatabase } from "../installation.ts";
import { listRelations, type Relation } from "../registry.ts";
import { breakCoverage } from "./triggers.ts";

interface Found {
  readonly id: number;
  readonly there: boolean;
  readonly known: string;
  readonly present: string | null;
  readonly seen: boolean;
  readonly keyKept: boolean;
  readonly added: string[];
  readonly gone: number;
  readonly coverageEnded: string | null;
  readonly rowsOwnerDiffers: boolean;
  readonly handOver: string[];
  readonly grants: string[];
}

/** Looks whether the registry still tells the truth about each audited table, and each table is still as it was set up. */
export async function findTableDrift(audit: AuditDatabase): Promise<Drift[]> {
  const { sql, object, installation } = audit;
  const schema = quoteIdentifier(installation.schema);
  const rows = await sql<Found[]>`
    select relation.id,
      class.oid is not null as there,
      format('%I.%I', relation.schema_name, relation.table_name) as known,
      case when class.oid is not null then format('%I.%I', settled.schema_name, settled.table_name) end as present,
      coalesce(settled.sight = relation.sight, false) as seen,
      coalesce(${object("_key_kept")}(settled), false) as "keyKept",
      array(
        select partition::regclass::text
        from unnest(settled.partitions) as partition
        where partition <> all (relation.partitions) and pg_relation_size(partition) > 0
      ) as added,
      (select count(*)::int from unnest(relation.partitions) as partition where partition <> all (settled.partitions)) as gone,
      (
        select coverage.off_reason
        from ${object("coverage")} as coverage
        where coverage.relation = relation.id
        order by coverage.from_id desc
        limit 1
      ) as "coverageEnded",
      coalesce(${object("_rows_owner_differs")}(relation.oid, relation.id), false) as "rowsOwnerDiffers",
      case when class.oid is null then '{}' else array(
        select ${object("_hand_over_statements")}(relation.id, relation.oid, case when ${installation.roles} then 'audit_truncate' end)
      ) end as "handOver",
      case when class.oid is null or not ${installation.roles} then '{}' else array(
        select statement
        from ${object("_table_grants")}(settled) as statement
        where statement not like 'grant trigger%' or not has_table_privilege('audit_ddl', class.oid, 'trigger')
      ) end as grants
    from ${object("relation")} as relation
    left join pg_class as class on class.oid = relation.oid
    cross join lateral ${object("_settled")}(relation) as settled
    where relation.enabled and relation.dropped_at is null
    order by relation.id`;
  const relations = new Map((await listRelations(audit)).map((relation) => [relation.id, relation]));
  const drifts: Drift[] = [];
  for (const row of rows) {
    const relation = relations.get(row.id);
    if (relation === undefined) continue;
    const table = row.present ?? row.known;
    const add = (
      kind: Drift["kind"],
      subject: string,
      detail: string | null,
      statements: readonly string[],
    ) => drifts.push({ kind, relation: row.id, table, subject, detail, sql: statements });
    if (!row.there) {
      const [moved] = relation.dropped ? [] : await readTables(sql, [relation.oid]);
      if (moved) add("table-changed", table, null, await remake(audit, relation));
      else {
        add("table-gone", table, null, [
          `select ${schema}._end_coverage(${row.id}, 'the table was found gone');`,
          `update ${schema}.relation set dropped_at = clock_timestamp(), enabled = false where id = ${row.id};`,
        ]);
      }
      continue;
    }
    const guarded = relation.capture === "guarded";
    if (row.added.length > 0 || row.gone > 0) {
      const what = [
        ...(row.added.length > 0 ? [`${row.added.join(", ")} came with rows`] : []),
        ...(row.gone > 0 ? [`${row.gone} went`] : []),
      ].join(", ");
      add("partitions-changed", table, what, [
        `update ${schema}.relation set (partitions, sight) = (select settled.partitions, settled.sight from ${schema}._settled(relation) as settled) where id = ${row.id};`,
        ...breakCoverage(installation.schema, row.id, "partitions came or went unseen"),
      ]);
    }
    if (!row.keyKept) add("key-lost", table, null, await withNewKey(audit, relation));
    else if (row.present !== row.known) add("table-renamed", table, null, await remake(audit, relation));
    else if (!row.seen && row.added.length === 0 && row.gone === 0) {
      add(guarded ? "table-changed-guarded" : "table-changed", table, null, await remake(audit, relation));
    }
    if (row.coverageEnded !== null) {
      add("coverage-ended", table, row.coverageEnded, [
        `select ${schema}._begin_coverage(${row.id}, 'mended');`,
      ]);
    }
    if (row.rowsOwnerDiffers) {
      const reader = `${schema}._rows_${row.id}(text)`;
      add("rows-owner", reader, null, [...row.handOver, `alter function ${reader} security definer;`]);
    }
    if (row.grants.length > 0) add("grant-missing", "audit_ddl", "change our triggers", row.grants);
  }
  return [
    ...drifts,
    ...(await findViewDrift(audit, drifts)),
    ...(await findStrays(audit)),
    ...(await findLeftFunctions(audit)),
  ];
}

/** History views that are gone, or not as they would be made now. What a table has become is told once. */
async function findViewDrift(
  { sql, object, installation }: AuditDatabase,
  told: readonly Drift[],
): Promise<Drift[]> {
  const schema = quoteIdentifier(installation.schema);
  const rows = await sql<
    {
      relation: number;
      table: string;
      view: string;
      there: boolean;
      current: boolean;
      invoker: boolean;
      own: boolean;
    }[]
  >`
    select relation.id as relation, format('%I.%I', relation.schema_name, relation.table_name) as table,
      format('%I.%I', namespace.nspname, relation.view_name) as view,
      class.oid is not null as there,
      coalesce(class.reloptions @> '{security_invoker=true}', false) as invoker,
      pg_get_userbyid(class.relowner) = 'audit_ddl' or relation.capture <> 'generated' as own,
      relation.view_made is not distinct from md5(${object("_view_statement")}(relation)) as current
    from ${object("relation")} as relation
    join pg_namespace as namespace on namespace.nspname = ${installation.schema}
    left join pg_class as class
      on class.relnamespace = namespace.oid and class.relname = relation.view_name and class.relkind = 'v'
    where relation.view_name is not null and relation.dropped_at is null
      and exists (select from pg_class as audited where audited.oid = relation.oid)
    order by relation.id`;
  return rows.flatMap(({ relation, table, view, there, current, invoker, own }): Drift[] => {
    const make = [`select ${schema}._make_view(${relation});`];
    const about = { relation, table, subject: view, sql: make };
    if (!there) return [{ ...about, kind: "view-missing", detail: null }];
    if (!invoker)
      return [{ ...about, kind: "view-outdated", detail: "it reads with the rights of its owner" }];
    if (!current && !told.some((drift) => drift.relation === relation && drift.sql.length > 0))
      return [{ ...about, kind: "view-outdated", detail: "its columns changed" }];
    if (!own)
      return [{ ...about, kind: "view-outdated", detail: "DDL cannot bring it along, for its owner" }];
    return [];
  });
}

/** Trigger functions of tables that are gone: one of them belongs to the table's owner, who cannot be dropped meanwhile. */
async function findLeftFunctions({ sql, object, installation }: AuditDatabase): Promise<Drift[]> {
  const rows = await sql<{ relation: number; table: string; functions: string }[]>`
    select relation.id as relation, format('%I.%I', relation.schema_name, relation.table_name) as table,
      string_agg(function.oid::regprocedure::text, ', ' order by function.proname) as functions
    from ${object("relation")} as relation
    join pg_namespace as namespace on namespace.nspname = ${installation.schema}
    join pg_proc as function
      on function.pronamespace = namespace.oid
      and function.proname in (
        '_insert_' || relation.id, '_update_' || relation.id, '_delete_' || relation.id,
        '_truncate_' || relation.id, '_rows_' || relation.id)
    where relation.dropped_at is not null
    group by relation.id
    order by relation.id`;
  return rows.map(({ relation, table, functions }) => ({
    kind: "functions-left" as const,
    relation,
    table,
    subject: functions,
    detail: null,
    sql: [`drop function ${functions};`],
  }));
}

/** Everything of a table made anew, with the settings that it has. */
async function remake(audit: AuditDatabase, relation: Relation, gap?: string): Promise<string[]> {
  const [facts] = await readTables(audit.sql, [relation.oid]);
  if (!facts) return [];
  const request = { facts, relation: relation.id, existing: relation, settings: relation, gap };
  return enableStatements(audit, request);
}

/** Under the primary key that the table has now; where it has none, somebody has to decide. */
async function withNewKey(audit: AuditDatabase, relation: Relation): Promise<string[]> {
  const [facts] = await readTables(audit.sql, [relation.oid]);
  if (!facts || facts.keyColumns.length === 0) return [];
  const rekeyed = { ...relation, keyColumns: facts.keyColumns, keyFrom: "primary" as const };
  return remake(audit, rekeyed, "the key was found changed");
}

/** Triggers that call our functions on tables that are not part of an audited one, such as a detached partition. */
async function findStrays({ sql, object, installation }: AuditDatabase): Promise<Drift[]> {
  const rows = await sql<{ relation: number; known: string; table: string; name: string }[]>`
    select relation.id as relation, format('%I.%I', relation.schema_name, relation.table_name) as known,
      trigger.tgrelid::regclass::text as table, trigger.tgname as name
    from pg_trigger as trigger
    join pg_proc as function on function.oid = trigger.tgfoid
    join pg_namespace as namespace on namespace.oid = function.pronamespace and namespace.nspname = ${installation.schema}
    join ${object("relation")} as relation
      on relation.id::text = substring(function.proname from '^_(?:insert|update|delete|truncate)_([0-9]+)$')
    where trigger.tgparentid = 0
      and trigger.tgrelid <> relation.oid
      and not exists (select from pg_partition_tree(relation.oid) as tree where tree.relid = trigger.tgrelid)
    order by 3, 4`;
  return rows.map(({ relation, known, table, name }) => ({
    kind: "trigger-stray" as const,
    relation,
    table: known,
    subject: name,
    detail: table,
    sql: [`drop trigger ${quoteIdentifier(name)} on ${table};`],
  }));
}
