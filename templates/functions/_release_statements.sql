-- The statements that take capture off a table again, and leave its catalog entries as they were before.
create or replace function audit_schema._release_statements(relation integer, audited oid, roles boolean)
returns setof text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $function$
declare
  functions constant text[] := array(
    select format('%I.%I()', 'audit_schema', format('_%s_%s', operation, relation))
    from unnest('{insert,update,delete,truncate,row}'::text[]) as operation
    where operation <> 'row' or to_regprocedure(format('%I.%I()', 'audit_schema', '_row_' || relation)) is not null
  );
  oids constant oid[] := array(select to_regprocedure(name)::oid from unnest(functions) as name);
begin
  -- By the functions and not by the tree: a partition may have been detached since, and kept our trigger.
  return query
  select format('drop trigger %I on %I.%I;', trigger.tgname, namespace.nspname, class.relname)
  from pg_trigger as trigger
  join pg_class as class on class.oid = trigger.tgrelid
  join pg_namespace as namespace on namespace.oid = class.relnamespace
  where trigger.tgparentid = 0 and trigger.tgfoid = any (oids)
  order by class.oid <> audited, class.relname, trigger.tgname;
  if roles then
    return query
    with role as (
      select role.name, role.privilege
      from (values ('audit_truncate', 'select'), ('audit_ddl', 'trigger')) as role (name, privilege)
    ), released as (
      select role.name as role, role.privilege, class.oid, class.relnamespace, class.relname
      from pg_class as class, role
      where (
          class.oid in (select audited union select tree.relid from pg_partition_tree(audited) as tree)
          or class.oid in (select trigger.tgrelid from pg_trigger as trigger where trigger.tgfoid = any (oids))
        )
        and audit_schema._is_granted(class.relacl, role.name)
        -- another installation may audit the table as well
        and not exists (
          select
          from pg_trigger as other
          join pg_proc as function on function.oid = other.tgfoid
          join pg_roles as owner on owner.oid = function.proowner and owner.rolname in ('audit_truncate', 'audit_writer')
          where other.tgrelid = class.oid and other.tgfoid <> all (oids)
        )
    ), revoked as (
      select format('revoke %s on %I.%I from %I;', released.privilege, namespace.nspname, released.relname, released.role) as statement, 1 as place
      from released
      join pg_namespace as namespace on namespace.oid = released.relnamespace
      union all
      select format('revoke usage on schema %I from %I;', namespace.nspname, role.name), 2
      from pg_namespace as namespace, role
      where namespace.oid in (select released.relnamespace from released where released.role = role.name)
        and audit_schema._is_granted(namespace.nspacl, role.name)
        and not exists (
          select from pg_class as other
          where other.relnamespace = namespace.oid
            and other.oid not in (select released.oid from released where released.role = role.name)
            and audit_schema._is_granted(other.relacl, role.name)
        )
    )
    select revoked.statement from revoked order by revoked.place, revoked.statement;
  end if;
  return next format('drop function if exists %s, %I.%I(text);', array_to_string(functions, ', '), 'audit_schema', '_rows_' || relation);
end
$function$;
