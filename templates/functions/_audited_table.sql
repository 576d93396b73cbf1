-- The table that was enabled, seen from one of its partitions (or from itself): the ancestor that carries the
-- row trigger which is nobody's clone. The UPDATE trigger is the one that every audited table has row by row.
create or replace function audit_schema._audited_table(written oid, relation integer)
returns oid
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  select trigger.tgrelid
  from pg_trigger as trigger
  where trigger.tgname = audit_schema._trigger_name('update', relation)
    and trigger.tgparentid = 0
    and trigger.tgrelid in (
      select written
      union all
      select member.relid from pg_partition_ancestors(written) as member (relid)
    )
$function$;
