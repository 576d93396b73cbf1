-- The table whose row type this is; raises UA001 for any other type.
create or replace function audit_schema._table_of(row_type regtype)
returns oid
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $function$
declare
  audited constant oid := (select type.typrelid from pg_type as type where type.oid = row_type);
begin
  if audited = 0 then
    raise exception using
      errcode = 'UA001',
      message = format('%s is not the row type of a table', format_type(row_type, null)),
      hint = 'Write the table as a typed null: audit.at(null::public.users, instant).';
  end if;
  return audited;
end
$function$;
