-- The registry's entry of a table from its JSON, which trigger functions carry because they may not read the registry,
-- with what is left out and redacted as the table is now. `written` is the table or one of its partitions.
create or replace function audit_schema._as_now(settings text, written oid)
returns audit_schema.relation
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $function$
declare
  registered audit_schema.relation := jsonb_populate_record(null::audit_schema.relation, settings::jsonb);
begin
  registered.oid := audit_schema._audited_table(written, registered.id);
  select namespace.nspname, class.relname into registered.schema_name, registered.table_name
  from pg_class as class
  join pg_namespace as namespace on namespace.oid = class.relnamespace
  where class.oid = registered.oid;
  registered.excluded := audit_schema._left_out(registered);
  registered.redacted := audit_schema._covered_up(registered);
  return registered;
end
$function$;
