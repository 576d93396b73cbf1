-- The registry's entry of a table with what follows from its settings as the table is now: which columns are left out
-- or redacted, how it is to be captured, its partitions, its names, and what of it was looked at.
create or replace function audit_schema._settled(registered audit_schema.relation)
returns audit_schema.relation
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $function$
begin
  select namespace.nspname, class.relname into registered.schema_name, registered.table_name
  from pg_class as class
  join pg_namespace as namespace on namespace.oid = class.relnamespace
  where class.oid = registered.oid;
  registered.excluded := audit_schema._left_out(registered);
  registered.redacted := audit_schema._covered_up(registered);
  registered.kind := audit_schema._capture_kind(registered);
  registered.partitions := audit_schema._partitions(registered.oid);
  registered.sight := (select seen.sight from audit_schema._sight(array[registered.oid]) as seen);
  return registered;
end
$function$;
