-- Whether every text that a column of the type `former` wrote is one of the type `present`, without losing anything: both
-- as format_type() writes them.
create or replace function audit_schema._readable_as(former text, present text)
returns boolean
language sql
immutable
set search_path = pg_catalog, pg_temp
as $function$
  select former = present
    or present = 'text'
    or coalesce(audit_schema._text_length(former) <= audit_schema._text_length(present), false)
    or coalesce(
      array_position(array['smallint', 'integer', 'bigint', 'numeric'], former)
        < array_position(array['smallint', 'integer', 'bigint', 'numeric'], present),
      false)
$function$;
