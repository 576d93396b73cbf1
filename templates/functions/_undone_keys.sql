-- SQL text of a query for the keys of a table that were touched by what is to be undone to come to an instant.
create or replace function audit_schema._undone_keys(relation integer, instant timestamptz, tag text)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $function$
declare
  undone record;
begin
  select * into undone from audit_schema._undone(instant, tag);
  return format(
$query$with undone as (
  select change.key, change.old_key from %1$I.change where change.relation = %2$s and %3$s
  union all
  select change.key, change.old_key from %1$I.change where change.relation = %2$s and %4$s
)
select undone.key from undone where undone.key is not null
union
select undone.old_key from undone where undone.old_key is not null$query$,
    'audit_schema', relation, undone.later, coalesce(undone.straddling, 'false'));
end
$function$;
