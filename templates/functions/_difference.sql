-- The part of an image under these names.
create or replace function audit_schema._difference(image jsonb, names text[])
returns jsonb
language sql
immutable
set search_path = pg_catalog, pg_temp
as $function$
  select coalesce(jsonb_object_agg(part.key, part.value), '{}')
  from jsonb_each(image) as part
  where part.key = any (names)
$function$;
