-- SQL text of the names of all recorded columns, as a text array beside that of _texts_expression.
create or replace function audit_schema._names_expression(registered audit_schema.relation)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  select format('%L::text[]', coalesce(array_agg(recorded.name order by recorded.place), '{}'))
  from audit_schema._recorded_columns(registered) as recorded
$function$;
