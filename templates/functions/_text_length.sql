-- The length a text of that type may have, by the type's SQL name; null for types that are not text.
create or replace function audit_schema._text_length(type text)
returns integer
language sql
immutable
set search_path = pg_catalog, pg_temp
as $function$
  select case
    when type in ('text', 'character varying') then 2147483647
    else substring(type from '^character varying[(]([0-9]+)[)]$')::integer
  end
$function$;
