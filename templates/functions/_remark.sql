-- A remark for SQL text in trigger functions. It costs nothing, and stands in what is told of an error, where a change
-- cannot be recorded and the write fails with it. PL/pgSQL keeps only remarks behind the first word.
create or replace function audit_schema._remark(registered audit_schema.relation)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  -- a name must not end the remark, nor begin one within it
  select format('/* audit: the change of %1$s could not be recorded, so the write is refused. Too large a row: audit enable %1$s --exclude <column> or --oversize digest. Anything else: audit check */',
    replace(replace(format('%I.%I', registered.schema_name, registered.table_name), '*/', '* /'), '/*', '/ *'))
$function$;
