-- Attribute numbers of the stored generated columns that are made from one of `sources`: what is kept from the log
-- must not come back by way of them.
create or replace function audit_schema._made_from(audited oid, sources smallint[])
returns smallint[]
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  select coalesce(array_agg(distinct generated.attnum), '{}')
  from pg_attribute as generated
  join pg_attrdef as expression on expression.adrelid = generated.attrelid and expression.adnum = generated.attnum
  join pg_depend as dependency
    on dependency.classid = 'pg_attrdef'::regclass
    and dependency.objid = expression.oid
    and dependency.refclassid = 'pg_class'::regclass
    and dependency.refobjid = audited
  where generated.attrelid = audited
    and generated.attgenerated <> ''
    and dependency.refobjsubid = any (sources)
$function$;
