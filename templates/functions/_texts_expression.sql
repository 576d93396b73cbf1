-- SQL text of the texts of all recorded columns of a row, as a text array. `prefix` goes before each column, such as
-- "new.".
create or replace function audit_schema._texts_expression(registered audit_schema.relation, prefix text)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  select format('array[%s]::text[]', string_agg(
    audit_schema._value_expression(recorded.type, prefix || quote_ident(recorded.name)),
    ', ' order by recorded.place))
  from audit_schema._recorded_columns(registered) as recorded
$function$;
