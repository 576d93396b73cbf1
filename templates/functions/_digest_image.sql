-- The image of a row that is too large to be one, in which {"digest": "sha256:…", "bytes": n} stands for every value of more
-- than a megabyte. Volatile, or the planner would call it beforehand, for rows of any size.
create or replace function audit_schema._digest_image(names text[], texts text[])
returns jsonb
language sql
volatile
set search_path = pg_catalog, pg_temp
as $function$
  select jsonb_object_agg(kept.name, case
    when octet_length(kept.text) > 1000000 then jsonb_build_object(
      'digest', 'sha256:' || encode(sha256(convert_to(kept.text, 'UTF8')), 'hex'),
      'bytes', octet_length(kept.text))
    else to_jsonb(kept.text)
  end)
  from unnest(names, texts) as kept (name, text)
$function$;
