import type { Drift } from "../../core/drift.ts";
import { quoteIdentifier } from "../../core/name.ts";
import type { AuditDatabase } from "../installation.ts";

interface Found {
  readonly relation: number;
  readonly table: string;
  readonly name: string;
  readonly wanted: string;
  readonly exists: boolean;
  readonly sameBody: boolean;
  readonly settings: string | null;
  readonly owner: string | null;
  readonly wantedOwner: string;
  readonly callers: string[];
}

/** Looks whether every trigger function is the one that would be made now, belongs to its role and is nobody else's to call. */
export async function findFunctionDrift({ sql, object, installation }: AuditDatabase): Promise<Drift[]> {
  const rows = await sql<Found[]>`
    with audited as (
      select relation.id, ${object("_settled")}(relation) as settled
      from ${object("relation")} as relation
      join pg_class as class on class.oid = relation.oid
      where relation.enabled and relation.dropped_at is null
    ), wanted as (
      select audited.*,
        to_regprocedure(format('%I.%I()', ${installation.schema}::text, concat('_', operation.name, '_', audited.id))) as oid,
        format('%I.%I()', ${installation.schema}::text, concat('_', operation.name, '_', audited.id)) as name,
        case operation.name
          when 'insert' then ${object("_insert_function")}(audited.settled)
          when 'update' then ${object("_update_function")}(audited.settled)
          when 'delete' then ${object("_delete_function")}(audited.settled)
          else ${object("_truncate_function")}(audited.settled)
        end as text,
        case
          when not ${installation.roles} then log.owner
          when operation.name = 'truncate' then 'audit_truncate'
          else 'audit_writer'
        end as owner
      from audited
      cross join unnest('{insert,update,delete,truncate}'::text[]) as operation (name)
      cross join (
        select relowner::regrole::text as owner from pg_class where oid = ${`${quoteIdentifier(installation.schema)}.change`}::regclass
      ) as log
    ), compared as (
      select wanted.*, function.oid is not null as there, function.proowner, function.proacl,
        coalesce(position(quote_literal(function.prosrc) in wanted.text) > 0, false) as same_body,
        case
          when not function.prosecdef then 'not security definer'
          else (
            select string_agg(setting.text, '; ' order by setting.text)
            from (
              select lower(split_part(entry, '=', 1)) || '=' || substr(entry, strpos(entry, '=') + 1) as text
              from unnest(coalesce(function.proconfig, '{}')) as entry
              except
              select lower(pinned.match[1]) || '=' || trim(both '''' from pinned.match[2])
              from regexp_matches(wanted.text, '^set ([a-z_]+) = (.*)$', 'gn') as pinned (match)
            ) as setting
          )
        end as surplus,
        (
          select string_agg(missing.text, '; ' order by missing.text)
          from (
            select lower(pinned.match[1]) || '=' || trim(both '''' from pinned.match[2]) as text
            from regexp_matches(wanted.text, '^set ([a-z_]+) = (.*)$', 'gn') as pinned (match)
            except
            select lower(split_part(entry, '=', 1)) || '=' || substr(entry, strpos(entry, '=') + 1)
            from unnest(coalesce(function.proconfig, '{}')) as entry
          ) as missing
        ) as missing
      from wanted
      left join pg_proc as function on function.oid = wanted.oid
    )
    select
      compared.id as relation,
      format('%I.%I', (compared.settled).schema_name, (compared.settled).table_name) as table,
      compared.name,
      compared.text as wanted,
      compared.there as exists,
      compared.same_body as "sameBody",
      nullif(concat_ws('; ', compared.surplus, 'without ' || compared.missing), '') as settings,
      compared.proowner::regrole::text as owner,
      compared.owner as "wantedOwner",
      array(
        select distinct case granted.grantee when 0 then 'public' else granted.grantee::regrole::text end
        from aclexplode(coalesce(compared.proacl, acldefault('f', compared.proowner))) as granted
        where granted.grantee <> compared.proowner
          -- who makes partitions needs it: see _clone_grants
          and not ((select class.relkind = 'p' and class.relowner = granted.grantee from pg_class as class where class.oid = (compared.settled).oid))
      ) as callers
    from compared
    order by compared.id, compared.name`;
  return rows.flatMap(toDrifts);
}

function toDrifts({ relation, table, name, wanted, ...found }: Found): Drift[] {
  const drift = (kind: Drift["kind"], detail: string | null, sql: readonly string[]): Drift => ({
    kind,
    relation,
    table,
    subject: name,
    detail,
    sql,
  });
  const own = `alter function ${name} owner to ${found.wantedOwner};`;
  const closed = `revoke execute on function ${name} from public;`;
  if (!found.exists) return [drift("function-missing", null, [wanted, closed, own])];
  const drifts: Drift[] = [];
  if (!found.sameBody) drifts.push(drift("function-changed", null, [wanted]));
  else if (found.settings !== null) drifts.push(drift("function-settings", found.settings, [wanted]));
  if (found.owner !== found.wantedOwner) drifts.push(drift("function-owner", found.owner, [own]));
  if (found.callers.length > 0) {
    const revokes = found.callers.map((caller) => `revoke execute on function ${name} from ${caller};`);
    drifts.push(drift("function-open", found.callers.join(", "), revokes));
  }
  return drifts;
}
