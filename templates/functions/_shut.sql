-- Takes away from everybody but the owner, our roles and `keep` what they may do with an object of ours: what PUBLIC has
-- by default, and what default privileges of the installer hand to others. `class` is pg_proc, pg_class or pg_namespace.
create or replace function audit_schema._shut(class regclass, object oid, keep oid)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $function$
declare
  granted record;
begin
  for granted in
    select distinct shown.kind, shown.name,
      case privilege.grantee when 0 then 'public' else privilege.grantee::regrole::text end as grantee
    from (
      select 'function' as kind, function.oid::regprocedure::text as name, function.proowner as owner,
        coalesce(function.proacl, acldefault('f', function.proowner)) as acl
      from pg_proc as function
      where class = 'pg_proc'::regclass and function.oid = object
      union all
      select case relation.relkind when 'S' then 'sequence' else 'table' end, relation.oid::regclass::text, relation.relowner, relation.relacl
      from pg_class as relation
      where class = 'pg_class'::regclass and relation.oid = object
      union all
      select 'schema', quote_ident(namespace.nspname), namespace.nspowner, namespace.nspacl
      from pg_namespace as namespace
      where class = 'pg_namespace'::regclass and namespace.oid = object
    ) as shown
    cross join lateral aclexplode(shown.acl) as privilege
    where privilege.grantee <> shown.owner
      and privilege.grantee is distinct from keep
      and privilege.grantee not in (
        select role.oid from pg_roles as role where role.rolname in ('audit_writer', 'audit_truncate', 'audit_ddl', 'audit_reader')
      )
  loop
    execute format('revoke all on %s %s from %s', granted.kind, granted.name, granted.grantee);
  end loop;
end
$function$;
