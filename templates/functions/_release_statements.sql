-- The statements that take capture off a table again, and leave its catalog entries as they were before.
create or replace function audit_schema._release_statements(relation integer, audited oid, roles boolean)
returns setof text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $function$
begin
  return query
  select format('drop trigger %I on %I.%I;', trigger.tgname, namespace.nspname, class.relname)
  from pg_trigger as trigger
  join pg_class as class on class.oid = trigger.tgrelid
  join pg_namespace as namespace on namespace.oid = class.relnamespace
  where trigger.tgparentid = 0
    and trigger.tgname in ('00_audit_row_' || relation, '00_audit_truncate_' || relation)
    and (class.oid = audited or class.oid in (select tree.relid from pg_partition_tree(audited) as tree))
  order by class.oid <> audited, 1;
  if roles then
    return query
    select format('revoke select on %I.%I from audit_truncate;', namespace.nspname, class.relname)
    from pg_class as class
    join pg_namespace as namespace on namespace.oid = class.relnamespace
    where (class.oid = audited or class.oid in (select tree.relid from pg_partition_tree(audited) as tree))
      and exists (
        select from aclexplode(class.relacl) as granted
        where granted.grantee = (select oid from pg_roles where rolname = 'audit_truncate')
      );
  end if;
  return next format('drop function if exists %1$I.%2$I(), %1$I.%3$I();',
    'audit_schema', '_row_' || relation, '_truncate_' || relation);
end
$function$;
