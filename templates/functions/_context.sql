-- The application's context as jsonb. What is no JSON object must neither break the write nor get lost: it is
-- kept as text under "unparsed". Empty counts as unset: PostgreSQL leaves '' behind after a transaction.
create or replace function audit_schema._context(given text)
returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $function$
begin
  if given is null or given = '' then
    return null;
  end if;
  if jsonb_typeof(given::jsonb) = 'object' then
    return given::jsonb;
  end if;
  return jsonb_build_object('unparsed', given);
exception
  when data_exception or program_limit_exceeded or statement_too_complex then
    return jsonb_build_object('unparsed', given);
end
$function$;
