-- The image of a row that is too large to be one: with the policy "fail" an error that says which column to leave out,
-- with "digest" an image in which
-- {"digest": "sha256:…", "bytes": n} stands for every value of more than a megabyte.
-- Volatile, or the planner would call it beforehand, for rows of any size.
create or replace function audit_schema._oversize_image(named text, policy text, names text[], texts text[])
returns jsonb
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $function$
declare
  largest record;
begin
  if policy = 'digest' then
    return (
      select jsonb_object_agg(kept.name, case
        when octet_length(kept.text) > 1000000 then jsonb_build_object(
          'digest', 'sha256:' || encode(sha256(convert_to(kept.text, 'UTF8')), 'hex'),
          'bytes', octet_length(kept.text))
        else to_jsonb(kept.text)
      end)
      from unnest(names, texts) as kept (name, text)
    );
  end if;
  select kept.name, pg_size_pretty(octet_length(kept.text)::bigint) as size into largest
  from unnest(names, texts) as kept (name, text)
  order by octet_length(kept.text) desc nulls last
  limit 1;
  raise exception using
    errcode = 'UA006',
    message = format('audit: a row of %s is too large to be recorded: %s in all, %s of them in column %s',
      named, pg_size_pretty(pg_column_size(texts)::bigint), largest.size, largest.name),
    detail = 'One recorded row can hold 238 MB of text.',
    hint = format('Leave the column out (audit enable %s --exclude %I), or keep a digest of what is too large (audit enable %1$s --oversize digest).',
      named, largest.name);
end
$function$;
