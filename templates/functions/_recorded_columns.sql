-- The columns whose values are recorded. In the order in which jsonb keeps its keys, by length and
-- then by bytes: an image made in that order takes a tenth less time.
create or replace function audit_schema._recorded_columns(registered audit_schema.relation)
returns table (attnum smallint, name text, type oid, typcollation oid, place bigint)
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  select attribute.attnum, attribute.attname::text, attribute.atttypid, attribute.attcollation,
    row_number() over (order by octet_length(attribute.attname::text), attribute.attname::text collate "C")
  from pg_attribute as attribute
  where attribute.attrelid = registered.oid
    and attribute.attnum > 0
    and not attribute.attisdropped
    and attribute.attnum <> all (registered.excluded || registered.redacted)
$function$;
