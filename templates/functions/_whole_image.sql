-- An image whose values were all kept; an error as of _kept_text where one is but a digest.
create or replace function audit_schema._whole_image(image jsonb, named text)
returns jsonb
language sql
immutable
set search_path = pg_catalog, pg_temp
as $function$
  select coalesce(jsonb_object_agg(part.key, audit_schema._kept_text(image, named, part.key)), '{}')
  from jsonb_object_keys(image) as part (key)
$function$;
