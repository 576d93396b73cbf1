-- An image in which each digest names the change that kept it.
create or replace function audit_schema._with_origin(image jsonb, change bigint)
returns jsonb
language sql
immutable
set search_path = pg_catalog, pg_temp
as $function$
  select jsonb_object_agg(part.key, case
    when jsonb_typeof(part.value) = 'object' then part.value || jsonb_build_object('change', change)
    else part.value
  end)
  from jsonb_each(image) as part
$function$;
