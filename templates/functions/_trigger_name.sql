-- The name of one of our triggers. It sorts before the application's own; it carries our schema, or two installations
-- in one database would replace each other's, and the table's number, or a table could not be attached to another.
create or replace function audit_schema._trigger_name(operation text, relation integer)
returns text
language sql
immutable
set search_path = pg_catalog, pg_temp
as $function$
  select concat('00_', 'audit_schema', '_', operation, '_', relation)
$function$;
