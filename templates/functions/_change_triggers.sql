-- The statements that put the triggers of INSERT, UPDATE and DELETE on a table, or turn those that are there into
-- the table's kind of capture.
create or replace function audit_schema._change_triggers(registered audit_schema.relation)
returns setof text
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  select format('create or replace trigger %I after %s on %I.%I %sfor each %s execute function %I.%I();',
    audit_schema._trigger_name(operation.name, registered.id),
    operation.name,
    namespace.nspname, class.relname,
    case when by_statement.it then format('referencing %s ', operation.transition) else '' end,
    case when by_statement.it then 'statement' else 'row' end,
    'audit_schema', format('_%s_%s', operation.name, registered.id))
  from pg_class as class
  join pg_namespace as namespace on namespace.oid = class.relnamespace
  cross join (
    values (1, 'insert', 'new table as inserted'), (2, 'update', null), (3, 'delete', 'old table as deleted')
  ) as operation (place, name, transition)
  cross join lateral (select registered.kind = 'statement' and operation.transition is not null as it) as by_statement
  where class.oid = registered.oid
  order by operation.place
$function$;
