-- Whether the function by which TRUNCATE capture reads a table belongs to somebody else than the table, or runs with other
-- rights than its owner's.
create or replace function audit_schema._rows_owner_differs(written oid, relation integer)
returns boolean
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  select function.proowner <> class.relowner or not function.prosecdef
  from pg_proc as function, pg_class as class
  where function.oid = to_regprocedure(format('%I.%I(text)', 'audit_schema', '_rows_' || relation))
    and class.oid = audit_schema._audited_table(written, relation)
$function$;
