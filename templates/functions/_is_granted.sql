-- Whether privileges hold anything for a role of ours.
create or replace function audit_schema._is_granted(privileges aclitem[], role text)
returns boolean
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  select exists (
    select
    from aclexplode(privileges) as granted
    join pg_roles as grantee on grantee.oid = granted.grantee
    where grantee.rolname = _is_granted.role
  )
$function$;
