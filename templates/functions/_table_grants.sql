-- The statements that let audit_ddl turn our triggers on a table into another kind when DDL asks for it, and that
-- take back what version 0.1 had granted to audit_truncate, unless another installation of that version needs it.
create or replace function audit_schema._table_grants(registered audit_schema.relation)
returns setof text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $function$
declare
  member record;
  released oid[] := '{}';
begin
  for member in
    select class.oid, class.relkind, class.relacl, class.relnamespace, namespace.nspname
    from pg_class as class
    join pg_namespace as namespace on namespace.oid = class.relnamespace
    where class.oid in (select registered.oid union select tree.relid from pg_partition_tree(registered.oid) as tree)
  loop
    if member.oid = registered.oid and member.relkind = 'r' and registered.capture = 'generated' then
      if not has_schema_privilege('audit_ddl', member.relnamespace, 'usage') then
        return next format('grant usage on schema %I to audit_ddl;', member.nspname);
      end if;
      return next format('grant trigger on %s to audit_ddl;', member.oid::regclass);
    end if;
    if audit_schema._is_granted(member.relacl, 'audit_truncate') and not exists (
      select
      from pg_trigger as other
      join pg_proc as function on function.oid = other.tgfoid
      where other.tgrelid = member.oid
        and function.proname ~ '^_row_[0-9]+$'
        and pg_get_userbyid(function.proowner) = 'audit_writer'
        and function.pronamespace <> (select namespace.oid from pg_namespace as namespace where namespace.nspname = 'audit_schema')
    ) then
      return next format('revoke select on %s from audit_truncate;', member.oid::regclass);
      released := released || member.oid;
    end if;
  end loop;
  return query
  select format('revoke usage on schema %I from audit_truncate;', namespace.nspname)
  from pg_namespace as namespace
  where namespace.oid in (select class.relnamespace from pg_class as class where class.oid = any (released))
    and audit_schema._is_granted(namespace.nspacl, 'audit_truncate')
    and not exists (
      select from pg_class as other
      where other.relnamespace = namespace.oid
        and other.oid <> all (released)
        and audit_schema._is_granted(other.relacl, 'audit_truncate')
    );
end
$function$;
