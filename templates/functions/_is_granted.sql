-- Whether privileges hold anything for audit_truncate.
create or replace function audit_schema._is_granted(privileges aclitem[])
returns boolean
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  select exists (
    select
    from aclexplode(privileges) as granted
    join pg_roles as role on role.oid = granted.grantee
    where role.rolname = 'audit_truncate'
  )
$function$;
