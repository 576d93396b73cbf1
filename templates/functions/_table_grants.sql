-- The statements that let audit_ddl turn our triggers on a table into another kind when DDL asks for it, and that
-- take back what version 0.1 had granted to audit_truncate.
create or replace function audit_schema._table_grants(registered audit_schema.relation)
returns setof text
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  with audited as (
    select class.relname, class.relnamespace, namespace.nspname
    from pg_class as class
    join pg_namespace as namespace on namespace.oid = class.relnamespace
    where class.oid = registered.oid and class.relkind = 'r' and registered.capture = 'generated'
  )
  select format('grant usage on schema %I to audit_ddl;', audited.nspname)
  from audited
  where not has_schema_privilege('audit_ddl', audited.relnamespace, 'usage')
  union all
  select format('grant trigger on %I.%I to audit_ddl;', audited.nspname, audited.relname)
  from audited
  union all
  select format('revoke select on %s from audit_truncate;', class.oid::regclass)
  from (select registered.oid as oid union select tree.relid from pg_partition_tree(registered.oid) as tree) as member
  join pg_class as class on class.oid = member.oid
  where audit_schema._is_granted(class.relacl, 'audit_truncate')
$function$;
