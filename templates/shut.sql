-- Shuts everything that init has just made: nobody is to have a right to it but those to whom we give one.
do $do$
declare
  made record;
begin
  for made in
    select 'pg_namespace'::pg_catalog.regclass as class, 'audit_schema'::pg_catalog.regnamespace::pg_catalog.oid as object
    union all
    select 'pg_class'::pg_catalog.regclass, relation.oid
    from pg_catalog.pg_class as relation
    where relation.relnamespace = 'audit_schema'::pg_catalog.regnamespace and relation.relkind in ('r', 'p', 'v', 'S')
    union all
    select 'pg_proc'::pg_catalog.regclass, function.oid
    from pg_catalog.pg_proc as function
    where function.pronamespace = 'audit_schema'::pg_catalog.regnamespace
  loop
    perform audit_schema._shut(made.class, made.object, null);
  end loop;
end
$do$;
