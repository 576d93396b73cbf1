import type { Drift, DriftKind } from "../../core/drift.ts";
import { quoteIdentifier } from "../../core/name.ts";
import type { AuditDatabase } from "../installation.ts";
import { literal } from "../literal.ts";

interface Found {
  readonly relation: number;
  readonly table: string;
  readonly member: string;
  readonly name: string;
  readonly operation: string;
  readonly always: boolean;
  readonly enabled: string | null;
  readonly fits: boolean | null;
  readonly levelFits: boolean | null;
  readonly kind: string;
  /** The statement that makes it; null on partitions, which have it from the table. */
  readonly made: string | null;
}

/**
 * Looks whether every trigger of ours is on its table and on each of its partitions, calls our function for just what
 * it is for, and is switched on.
 */
export async function findTriggerDrift({ sql, object, installation }: AuditDatabase): Promise<Drift[]> {
  const rows = await sql<Found[]>`
    with audited as (
      select relation.id, relation.always, relation.kind as known_kind, ${object("_settled")}(relation) as settled
      from ${object("relation")} as relation
      join pg_class as class on class.oid = relation.oid
      where relation.enabled and relation.dropped_at is null
    ), member as (
      select audited.*, class.oid, class.oid = (audited.settled).oid as root
      from audited
      cross join lateral (
        select (audited.settled).oid as oid union select tree.relid from pg_partition_tree((audited.settled).oid) as tree
      ) as part
      join pg_class as class on class.oid = part.oid and class.relkind in ('r', 'p')
    ), wanted as (
      select member.*, operation.name as operation,
        concat('00_', ${installation.schema}::text, '_', operation.name, '_', member.id) as trigger,
        operation.type + case when by_row.it then 1 else 0 end as type
      from member
      cross join (values ('insert', 4), ('update', 16), ('delete', 8), ('truncate', 34)) as operation (name, type)
      cross join lateral (
        select operation.name = 'update' or operation.name <> 'truncate' and (member.settled).kind = 'row' as it
      ) as by_row
    )
    select
      wanted.id as relation,
      format('%I.%I', (wanted.settled).schema_name, (wanted.settled).table_name) as table,
      wanted.oid::regclass::text as member,
      wanted.trigger as name,
      wanted.operation,
      wanted.always,
      own.tgenabled::text as enabled,
      own.tgfoid = to_regprocedure(format('%I.%I()', ${installation.schema}::text, concat('_', wanted.operation, '_', wanted.id)))
        and own.tgtype::int & 62 = wanted.type & 62
        and own.tgqual is null
        and own.tgattr::text = '' as fits,
      own.tgtype::int & 1 = wanted.type & 1 as "levelFits",
      case when own.tgtype::int & 1 = 1 then 'row' else 'statement' end as kind,
      case when wanted.operation = 'truncate' then format(
        'create or replace trigger %I before truncate on %s for each statement execute function %I.%I();',
        wanted.trigger, wanted.oid::regclass, ${installation.schema}::text, '_truncate_' || wanted.id)
      when wanted.root then (
        select statement
        from ${object("_change_triggers")}(wanted.settled) as statement
        where statement like format('create or replace trigger %I %%', wanted.trigger)
      ) end as made
    from wanted
    left join pg_trigger as own on own.tgrelid = wanted.oid and own.tgname = wanted.trigger
    where own.oid is null
      or own.tgenabled not in ('A', 'O')
      or own.tgenabled = 'O' and wanted.always
      or own.tgfoid is distinct from to_regprocedure(format('%I.%I()', ${installation.schema}::text, concat('_', wanted.operation, '_', wanted.id)))
      or own.tgtype::int <> wanted.type
      or own.tgqual is not null
      or own.tgattr::text <> ''
    order by wanted.id, wanted.root desc, wanted.operation`;
  return rows.map((found) => toDrift(found, installation.schema));
}

function toDrift(found: Found, schema: string): Drift {
  const kind = kindOf(found);
  const { relation, table, member, name, operation, always, made } = found;
  const on = `alter table ${member} enable ${always ? "always " : ""}trigger "${name}";`;
  const making = kind === "trigger-off" || kind === "trigger-not-always" ? [] : made === null ? [] : [made];
  const missed =
    operation !== "truncate" && ["trigger-missing", "trigger-replaced", "trigger-off"].includes(kind);
  return {
    kind,
    relation,
    table,
    subject: name,
    detail: kind === "kind-outdated" ? found.kind : kind === "truncate-trigger-missing" ? member : null,
    sql: [
      ...making,
      ...(making.length === 0 || always ? [on] : []),
      ...(missed ? breakCoverage(schema, relation, "a trigger was found not working") : []),
    ],
  };
}

function kindOf({ enabled, fits, levelFits, operation }: Found): DriftKind {
  if (enabled === null) return operation === "truncate" ? "truncate-trigger-missing" : "trigger-missing";
  if (!fits) return "trigger-replaced";
  if (!levelFits) return "kind-outdated";
  return enabled === "O" ? "trigger-not-always" : "trigger-off";
}

/** What was missed meanwhile is unknown, so the past before it cannot be rebuilt. */
export function breakCoverage(schema: string, relation: number, reason: string): string[] {
  const name = quoteIdentifier(schema);
  return [
    `select ${name}._end_coverage(${relation}, ${literal(reason)});`,
    `select ${name}._begin_coverage(${relation}, 'mended');`,
  ];
}
