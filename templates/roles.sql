-- The roles that trigger functions and readers work with. All NOLOGIN and poor, so that code which somehow runs
-- as one of them gains nothing. They belong to the cluster and are shared by every installation in it: one that is
-- there already is used only if it is what we would have made.
do $do$
declare
  wanted text;
  existing record;
begin
  -- Several databases may be set up at once, and advisory locks are seen in one of them only.
  begin
    lock table pg_catalog.pg_authid in share row exclusive mode;
  exception
    when insufficient_privilege then null;
  end;

  foreach wanted in array array['audit_writer', 'audit_truncate', 'audit_ddl', 'audit_reader'] loop
    select role.* into existing from pg_catalog.pg_roles as role where role.rolname = wanted;
    if not found then
      execute pg_catalog.format('create role %I nologin', wanted);
    elsif existing.rolcanlogin or existing.rolsuper or existing.rolcreaterole or existing.rolcreatedb or existing.rolreplication or existing.rolbypassrls then
      raise exception using
        errcode = 'UA005',
        message = pg_catalog.format('the role %I exists and has attributes of its own (it must be NOLOGIN without any)', wanted),
        hint = 'Rename or drop that role, then run audit init again.';
    elsif exists (
      select
      from pg_catalog.pg_auth_members as membership
      join pg_catalog.pg_roles as granted on granted.oid = membership.roleid
      join pg_catalog.pg_roles as member on member.oid = membership.member
      where (member.rolname = wanted and not (member.rolname = 'audit_ddl' and granted.rolname = 'audit_writer'))
        or (
          granted.rolname = wanted
          and wanted <> 'audit_reader'
          and not (member.rolname = 'audit_ddl' and granted.rolname = 'audit_writer')
          and not membership.admin_option
        )
    ) then
      raise exception using
        errcode = 'UA005',
        message = pg_catalog.format('the role %I exists and has members or memberships that are not ours', wanted),
        hint = 'Take them away or rename that role, then run audit init again.';
    end if;
  end loop;
  if not pg_catalog.pg_has_role('audit_ddl', 'audit_writer', 'member') then
    grant audit_writer to audit_ddl;
  end if;
end
$do$;
