-- The statements that let the owner of a partitioned table, and no former one, make and attach partitions: the row
-- triggers are cloned onto them, and who does it needs EXECUTE on their functions, which are otherwise nobody's. The
-- owner gains nothing by it: the changes of this very table are the owner's to make anyway. None where all is as
-- it should be.
create or replace function audit_schema._clone_grants(relation integer, audited oid)
returns setof text
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  with cloned as (
    select wanted.name, function.oid, function.proowner, function.proacl
    from unnest('{insert,update,delete}'::text[]) as operation
    cross join lateral (select format('%I.%I()', 'audit_schema', format('_%s_%s', operation, relation)) as name) as wanted
    left join pg_proc as function on function.oid = to_regprocedure(wanted.name)
  ), owner as (
    select role.oid, role.rolname
    from pg_class as class
    join pg_roles as role on role.oid = class.relowner
    where class.oid = audited and class.relkind = 'p' and not role.rolsuper
  )
  select format('revoke execute on function %s from %I;', cloned.name, role.rolname)
  from cloned, aclexplode(cloned.proacl) as granted
  join pg_roles as role on role.oid = granted.grantee
  where role.oid <> cloned.proowner and role.oid not in (select owner.oid from owner)
  union all
  select format('grant execute on function %s to %I;', cloned.name, owner.rolname)
  from owner, cloned
  where cloned.oid is null or not has_function_privilege(owner.oid, cloned.oid, 'execute')
$function$;
