-- The registry id of a table. The trigger on the table decides: it survives dump and restore, when the oid in the
-- registry means nothing. A table without our trigger goes by its oid. Null: never audited.
create or replace function audit_schema._relation_of(audited oid)
returns integer
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  select coalesce(
    (
      select relation.id
      from pg_trigger as trigger
      join audit_schema.relation on trigger.tgname = audit_schema._trigger_name('update', relation.id)
      where trigger.tgrelid = audited
      limit 1
    ),
    (select relation.id from audit_schema.relation where relation.oid = audited and relation.dropped_at is null)
  )
$function$;
