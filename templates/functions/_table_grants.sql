-- The statements that let audit_ddl turn our triggers on a table into another kind when DDL asks for it, and that
-- take back what version 0.1 had granted to audit_truncate.
create or replace function audit_schema._table_grants(registered audit_schema.relation)
returns setof text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $function$
declare
  member record;
begin
  for member in
    select class.oid, class.relkind, class.relacl, class.relnamespace, namespace.nspname
    from pg_class as class
    join pg_namespace as namespace on namespace.oid = class.relnamespace
    where class.oid = any (registered.partitions || registered.oid)
  loop
    if member.oid = registered.oid and member.relkind = 'r' and registered.capture = 'generated' then
      if not has_schema_privilege('audit_ddl', member.relnamespace, 'usage') then
        return next format('grant usage on schema %I to audit_ddl;', member.nspname);
      end if;
      return next format('grant trigger on %s to audit_ddl;', member.oid::regclass);
    end if;
    if audit_schema._is_granted(member.relacl, 'audit_truncate') then
      return next format('revoke select on %s from audit_truncate;', member.oid::regclass);
    end if;
  end loop;
end
$function$;
