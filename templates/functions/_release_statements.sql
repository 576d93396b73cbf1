-- The statements that take capture off a table again, and leave its catalog entries as they were before.
create or replace function audit_schema._release_statements(relation integer, audited oid, roles boolean)
returns setof text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $function$
declare
  row_function constant text := format('%I.%I()', 'audit_schema', '_row_' || relation);
  truncate_function constant text := format('%I.%I()', 'audit_schema', '_truncate_' || relation);
begin
  -- By the functions and not by the tree: a partition may have been detached since, and kept our trigger.
  return query
  select format('drop trigger %I on %I.%I;', trigger.tgname, namespace.nspname, class.relname)
  from pg_trigger as trigger
  join pg_class as class on class.oid = trigger.tgrelid
  join pg_namespace as namespace on namespace.oid = class.relnamespace
  where trigger.tgparentid = 0
    and trigger.tgfoid in (to_regprocedure(row_function), to_regprocedure(truncate_function))
  order by class.oid <> audited, class.relname, trigger.tgname;
  if roles then
    return query
    with released as (
      select class.oid, class.relnamespace, class.relname
      from pg_class as class
      where (
          class.oid in (select audited union select tree.relid from pg_partition_tree(audited) as tree)
          or class.oid in (select trigger.tgrelid from pg_trigger as trigger where trigger.tgfoid = to_regprocedure(truncate_function))
        )
        and audit_schema._is_granted(class.relacl)
        -- another installation may audit the table as well
        and not exists (
          select
          from pg_trigger as other
          join pg_proc as function on function.oid = other.tgfoid
          join pg_roles as owner on owner.oid = function.proowner and owner.rolname = 'audit_truncate'
          where other.tgrelid = class.oid and other.tgfoid is distinct from to_regprocedure(truncate_function)
        )
    ), revoked as (
      select format('revoke select on %I.%I from audit_truncate;', namespace.nspname, released.relname) as statement, 1 as place
      from released
      join pg_namespace as namespace on namespace.oid = released.relnamespace
      union all
      select format('revoke usage on schema %I from audit_truncate;', namespace.nspname), 2
      from pg_namespace as namespace
      where namespace.oid in (select released.relnamespace from released)
        and audit_schema._is_granted(namespace.nspacl)
        and not exists (
          select from pg_class as other
          where other.relnamespace = namespace.oid
            and other.oid not in (select released.oid from released)
            and audit_schema._is_granted(other.relacl)
        )
    )
    select revoked.statement from revoked order by revoked.place, revoked.statement;
  end if;
  return next format('drop function if exists %s, %s;', row_function, truncate_function);
end
$function$;
