-- The function by which TRUNCATE capture reads a table, as SQL. It belongs to the table's owner, because who plans a query
-- over a table evaluates parts of what the owner wrote (constant expressions of indexes and statistics): with the rights
-- of anybody else it would be a way to them. Only audit_truncate may call it. Row-level security that would hide rows
-- from their owner is an error here.
create or replace function audit_schema._rows_function(registered audit_schema.relation)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  select format(
$declaration$create or replace function %1$I.%2$I(query text)
returns table (key text, texts text[], written oid, place tid)
language plpgsql
volatile
security definer
%3$s
set row_security = off
as 'begin return query execute query; end';$declaration$,
    'audit_schema',
    '_rows_' || registered.id,
    audit_schema._pinned_settings(registered.oid, true))
$function$;
