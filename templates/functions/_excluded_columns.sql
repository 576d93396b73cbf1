-- Attribute numbers that are not recorded: those given, those whose names match a glob (so a column added
-- later is left out from its first write on), generated columns made from either, and virtual generated
-- columns, which triggers never see.
create or replace function audit_schema._excluded_columns(audited oid, excluded smallint[], globs text[])
returns smallint[]
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  with named as (
    select attribute.attnum
    from pg_attribute as attribute
    where attribute.attrelid = audited
      and attribute.attnum > 0
      and not attribute.attisdropped
      and (
        attribute.attnum = any (excluded)
        or exists (
          select from unnest(globs) as glob
          where attribute.attname like
            replace(replace(replace(replace(replace(glob, '\', '\\'), '%', '\%'), '_', '\_'), '*', '%'), '?', '_')
        )
      )
  ), made_from_named as (
    select generated.attnum
    from pg_attribute as generated
    join pg_attrdef as expression on expression.adrelid = generated.attrelid and expression.adnum = generated.attnum
    join pg_depend as dependency
      on dependency.classid = 'pg_attrdef'::regclass
      and dependency.objid = expression.oid
      and dependency.refclassid = 'pg_class'::regclass
      and dependency.refobjid = audited
    where generated.attrelid = audited
      and generated.attgenerated <> ''
      and dependency.refobjsubid in (select named.attnum from named)
  ), without_value as (
    select attribute.attnum
    from pg_attribute as attribute
    where attribute.attrelid = audited and attribute.attgenerated = 'v' and not attribute.attisdropped
  )
  select coalesce(array_agg(left_out.attnum order by left_out.attnum), '{}')
  from (
    select attnum from named
    union select attnum from made_from_named
    union select attnum from without_value
  ) as left_out
$function$;
