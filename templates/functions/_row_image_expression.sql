-- SQL text of a row's image as jsonb, without some of its columns: for rows of the past, when they are compared.
create or replace function audit_schema._row_image_expression(audited oid, excluded smallint[], prefix text)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  select format('jsonb_object(%L::text[], array[%s]::text[])',
    coalesce(array_agg(attribute.attname::text order by attribute.attnum), '{}'),
    string_agg(
      audit_schema._value_expression(attribute.atttypid, prefix || quote_ident(attribute.attname)),
      ', ' order by attribute.attnum))
  from pg_attribute as attribute
  where attribute.attrelid = audited
    and attribute.attnum > 0
    and not attribute.attisdropped
    and attribute.attnum <> all (excluded)
$function$;
