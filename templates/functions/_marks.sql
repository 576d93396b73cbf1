-- What stands in an image for the values of redacted columns: {"name": {"redacted": true}}, which no recorded value can
-- be, for those are texts. Null where there are none.
create or replace function audit_schema._marks(audited oid, redacted smallint[])
returns jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  select jsonb_object_agg(attribute.attname, '{"redacted": true}'::jsonb)
  from pg_attribute as attribute
  where attribute.attrelid = audited and attribute.attnum = any (redacted)
$function$;
