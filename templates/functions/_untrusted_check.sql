-- A domain among the types of a table's columns, at whatever depth, whose check calls a function that is not built in:
-- "domain (function)", null where there is none. Reading a value back as such a domain runs that function.
create or replace function audit_schema._untrusted_check(audited oid)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  with recursive used as (
    select attribute.atttypid as oid
    from pg_attribute as attribute
    where attribute.attrelid = audited and attribute.attnum > 0 and not attribute.attisdropped
    union
    select part.oid
    from used
    join pg_type as type on type.oid = used.oid
    cross join lateral (
      select type.typbasetype where type.typtype = 'd'
      union all
      select type.typelem where type.typelem <> 0
      union all
      select attribute.atttypid from pg_attribute as attribute
      where attribute.attrelid = type.typrelid and type.typtype = 'c' and attribute.attnum > 0 and not attribute.attisdropped
      union all
      select range.rngsubtype from pg_range as range where type.oid in (range.rngtypid, range.rngmultitypid)
    ) as part (oid)
  )
  select format('%s (%s)', used.oid::regtype, dependency.refobjid::regprocedure)
  from used
  join pg_constraint as checked on checked.contypid = used.oid and checked.contype = 'c'
  join pg_depend as dependency
    on dependency.classid = 'pg_constraint'::regclass
    and dependency.objid = checked.oid
    and dependency.refclassid = 'pg_proc'::regclass
    and dependency.refobjid >= 16384
  limit 1
$function$;
