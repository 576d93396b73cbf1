-- Removes what init made, once no table carries our triggers any more: event triggers, schema and log, rights on
-- the schemas of audited tables, and those of our roles that nothing in any database depends on.
do $do$
declare
  doomed record;
begin
  for doomed in
    select event_trigger.evtname as name
    from pg_catalog.pg_event_trigger as event_trigger
    join pg_catalog.pg_proc as function on function.oid = event_trigger.evtfoid
    where function.pronamespace = 'audit_schema'::pg_catalog.regnamespace
  loop
    execute pg_catalog.format('drop event trigger %I', doomed.name);
  end loop;
end
$do$;

drop schema audit_schema cascade;

do $do$
declare
  doomed record;
begin
  if not exists (
    select
    from pg_catalog.pg_namespace as namespace
    where pg_catalog.obj_description(namespace.oid, 'pg_namespace') like 'Audit trail of this database, kept by pgtrail%'
  ) then
    for doomed in
      select namespace.nspname as name, role.rolname as role
      from pg_catalog.pg_namespace as namespace, pg_catalog.aclexplode(namespace.nspacl) as granted
      join pg_catalog.pg_roles as role on role.oid = granted.grantee and role.rolname in ('audit_truncate', 'audit_ddl')
    loop
      execute pg_catalog.format('revoke usage on schema %I from %I', doomed.name, doomed.role);
    end loop;
  end if;

  -- Roles have no lock but this that all databases see: of several uninstalls at once the last one drops them.
  begin
    lock table pg_catalog.pg_authid in share row exclusive mode;
  exception
    when insufficient_privilege then null;
  end;

  for doomed in
    select role.rolname as name
    from pg_catalog.pg_roles as role
    where role.rolname in ('audit_writer', 'audit_truncate', 'audit_ddl', 'audit_reader')
      and not exists (
        select from pg_catalog.pg_shdepend as dependency
        where dependency.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass and dependency.refobjid = role.oid
      )
      and not exists (
        select
        from pg_catalog.pg_auth_members as membership
        join pg_catalog.pg_roles as member on member.oid = membership.member
        where membership.roleid = role.oid and member.rolname not like 'audit\_%' and not membership.admin_option
      )
  loop
    begin
      execute pg_catalog.format('drop role %I', doomed.name);
    exception
      when insufficient_privilege or dependent_objects_still_exist then
        raise warning 'the role % stays: %', doomed.name, sqlerrm;
    end;
  end loop;
end
$do$;
