-- The roles that trigger functions and readers work with. All NOLOGIN and poor, so that code which somehow runs
-- as one of them gains nothing. They belong to the cluster and are shared by every installation in it: one that is
-- there already is used only if it is what we would have made: one that was planted would hand our rights to whoever
-- is behind it. Administered it may be by superusers, by those who may act as this database's owner, and by the
-- installer. Members of audit_reader are the business of those who administer it.
do $do$
declare
  wanted text;
  existing record;
  belonging text;
  has_password boolean;
  database_owner constant oid := (
    select database.datdba from pg_catalog.pg_database as database where database.datname = pg_catalog.current_database());
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
    elsif existing.rolcanlogin or existing.rolsuper or existing.rolcreaterole or existing.rolcreatedb
      or existing.rolreplication or existing.rolbypassrls or not existing.rolinherit
    then
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
        or (granted.rolname = wanted and membership.admin_option and not (
          member.rolname = current_user
          or pg_catalog.pg_has_role(member.oid, database_owner, 'member')
        ))
    ) then
      raise exception using
        errcode = 'UA005',
        message = pg_catalog.format('the role %I exists and has members or memberships that are not ours', wanted),
        hint = 'Take them away or rename that role, then run audit init again.';
    elsif exists (select from pg_catalog.pg_db_role_setting as setting where setting.setrole = existing.oid) then
      raise exception using
        errcode = 'UA005',
        message = pg_catalog.format('the role %I exists and has settings of its own', wanted),
        hint = pg_catalog.format('Take them away (alter role %I reset all) or rename that role, then run audit init again.', wanted);
    end if;

    begin
      select exists (select from pg_catalog.pg_authid as role where role.oid = existing.oid and role.rolpassword is not null)
      into has_password;
    exception
      when insufficient_privilege then has_password := false;
    end;
    if has_password then
      raise exception using
        errcode = 'UA005',
        message = pg_catalog.format('the role %I exists and has a password', wanted),
        hint = pg_catalog.format('Take it away (alter role %I password null) or rename that role, then run audit init again.', wanted);
    end if;

    -- What it owns in this database lies in our schemas and is a function, or a view of a table's history, or is not ours.
    select pg_catalog.pg_describe_object(owned.classid, owned.objid, 0) into belonging
    from pg_catalog.pg_shdepend as owned
    where owned.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
      and owned.refobjid = existing.oid
      and owned.deptype = 'o'
      and (owned.dbid = 0 or owned.dbid = (
        select database.oid from pg_catalog.pg_database as database where database.datname = pg_catalog.current_database()))
      and not exists (
        select
        from (
          select function.pronamespace as schema
          from pg_catalog.pg_proc as function
          where owned.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
            and function.oid = owned.objid
            and wanted <> 'audit_reader'
          union all
          select view.relnamespace
          from pg_catalog.pg_class as view
          where owned.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
            and view.oid = owned.objid
            and view.relkind = 'v'
            and wanted = 'audit_ddl'
        ) as object
        join pg_catalog.pg_namespace as namespace on namespace.oid = object.schema
        where pg_catalog.obj_description(namespace.oid, 'pg_namespace') like 'Audit trail of this database, kept by pgtrail%'
          and (namespace.nspowner = (select role.oid from pg_catalog.pg_roles as role where role.rolname = current_user)
            or pg_catalog.pg_has_role(namespace.nspowner, database_owner, 'member'))
      )
    limit 1;
    if found then
      raise exception using
        errcode = 'UA005',
        message = pg_catalog.format('the role %I exists and owns what is not ours: %s', wanted, belonging),
        hint = 'Give it to another owner or rename that role, then run audit init again.';
    end if;
  end loop;
  if not pg_catalog.pg_has_role('audit_ddl', 'audit_writer', 'member') then
    grant audit_writer to audit_ddl;
  end if;
end
$do$;
