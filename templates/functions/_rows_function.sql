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
as 'begin
  -- its owner can take the owner''s rights off it again
  if current_user operator(pg_catalog.=) ''audit_truncate'' then
    raise exception using errcode = ''UA005'', message = ''audit: the function that reads the table for TRUNCATE capture was changed'', hint = ''Put it back with: audit sync'';
  end if;
  return query execute query;
end';$declaration$,
    'audit_schema',
    '_rows_' || registered.id,
    audit_schema._pinned_settings(registered.oid, true))
$function$;
