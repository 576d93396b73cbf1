-- Gives what was made just now to whoever owns the installation: `audit init` runs it when somebody else, such as a
-- superuser, brings one up to date. Its owner would otherwise lose what a former version let it use.
do $do$
declare
  installer constant name := (
    select role.rolname
    from pg_catalog.pg_class as log
    join pg_catalog.pg_roles as role on role.oid = log.relowner
    where log.oid = 'audit_schema.change'::pg_catalog.regclass
  );
  asking constant oid := (select role.oid from pg_catalog.pg_roles as role where role.rolname = current_user);
  made record;
begin
  if installer = current_user then
    return;
  end if;
  for made in
    select 'table' as kind, class.oid::pg_catalog.regclass::text as name
    from pg_catalog.pg_class as class
    where class.relnamespace = 'audit_schema'::pg_catalog.regnamespace
      and class.relkind in ('r', 'p', 'v')
      and class.relowner = asking
    union all
    select 'routine', function.oid::pg_catalog.regprocedure::text
    from pg_catalog.pg_proc as function
    where function.pronamespace = 'audit_schema'::pg_catalog.regnamespace
      and function.proowner = asking
  loop
    execute pg_catalog.format('alter %s %s owner to %I', made.kind, made.name, installer);
  end loop;
end
$do$;
