-- What a table looks like to a row trigger: names and types of its columns, whatever their order, so that a
-- partition has the fingerprint of its root.
create or replace function audit_schema._fingerprint(audited oid)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  select md5(string_agg(
    concat_ws(' ', quote_ident(attribute.attname), attribute.atttypid, attribute.atttypmod, attribute.attcollation, attribute.attgenerated),
    ',' order by attribute.attname
  ))
  from pg_attribute as attribute
  where attribute.attrelid = audited and attribute.attnum > 0 and not attribute.attisdropped
$function$;
