-- What of `image` is not the same in `other`: both with text values, so same means identical.
create or replace function audit_schema._difference(image jsonb, other jsonb)
returns jsonb
language sql
immutable
set search_path = pg_catalog, pg_temp
as $function$
  select coalesce(jsonb_object_agg(part.key, part.value), '{}')
  from jsonb_each(image) as part
  where part.value is distinct from other -> part.key
$function$;
