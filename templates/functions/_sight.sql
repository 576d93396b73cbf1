-- What decides how tables are captured, as a fingerprint of each: names, columns with what is generated from what,
-- triggers of the application, inheritance, foreign keys that cascade from it, keys that may be deferred, partitions.
-- For all tables in one go, because every DDL command asks for it. No row for a table that is gone.
create or replace function audit_schema._sight(tables oid[])
returns table (oid oid, sight text)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set quote_all_identifiers = off
as $function$
begin
  return query
  with attributes as (
      select attribute.attrelid as oid,
        string_agg(concat_ws(' ', attribute.attnum, quote_ident(attribute.attname), attribute.atttypid, attribute.atttypmod,
          attribute.attcollation, attribute.attgenerated, format_type(attribute.atttypid, attribute.atttypmod)), ',' order by attribute.attnum) as text
      from pg_attribute as attribute
      where attribute.attrelid = any (tables) and attribute.attnum > 0 and not attribute.attisdropped
      group by attribute.attrelid
    ), expressions as (
      select expression.adrelid as oid, string_agg(expression.oid::text, ',' order by expression.oid) as text
      from pg_attrdef as expression
      where expression.adrelid = any (tables)
      group by expression.adrelid
    ), triggers as (
      select trigger.tgrelid as oid, string_agg(trigger.oid::text, ',' order by trigger.oid) as text
      from pg_trigger as trigger
      where trigger.tgrelid = any (tables)
        and not trigger.tgisinternal
        and not starts_with(trigger.tgname, concat('00_', 'audit_schema', '_'))
      group by trigger.tgrelid
    ), relatives as (
      select family.oid, string_agg(family.relative::text, ',' order by family.relative) as text
      from (
        select inhrelid as oid, inhparent as relative from pg_inherits where inhrelid = any (tables)
        union all
        select inhparent, inhrelid from pg_inherits where inhparent = any (tables)
      ) as family
      group by family.oid
    ), deferrables as (
      select key.indrelid as oid, string_agg(key.indexrelid::text, ',' order by key.indexrelid) as text
      from pg_index as key
      where key.indrelid = any (tables) and key.indisunique and not key.indimmediate
      group by key.indrelid
    ), cascades as (
      select cascading.confrelid as oid, string_agg(cascading.oid::text, ',' order by cascading.oid) as text
      from pg_constraint as cascading
      where cascading.confrelid = any (tables) and cascading.contype = 'f' and cascading.confdeltype in ('c', 'n', 'd')
      group by cascading.confrelid
    )
    select class.oid, md5(concat_ws(E'\n',
      class.relnamespace, class.relname, class.relkind, class.relowner,
      'a', attributes.text, 'e', expressions.text, 't', triggers.text, 'r', relatives.text, 'c', cascades.text,
      'd', deferrables.text,
      'p', case when class.relkind = 'p' then audit_schema._partitions(class.oid) end))
    from pg_class as class
    left join attributes using (oid)
    left join expressions using (oid)
    left join triggers using (oid)
    left join relatives using (oid)
    left join cascades using (oid)
    left join deferrables using (oid)
    where class.oid = any (tables);
end
$function$;
