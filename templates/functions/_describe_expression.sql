-- SQL text that, executed with a row as its parameter, returns the row's key and its whole image by the table's
-- columns of this moment. For trigger functions whose table changed since they were made; they may run on a
-- partition, so key columns and what is left out are found on the audited table and go by name. `settings` is the
-- registry's entry as JSON: the trigger functions may not read the registry. `marked` puts in the marks of redacted columns.
create or replace function audit_schema._describe_expression(written oid, settings text, marked boolean)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  select format('select %s, %s',
    audit_schema._key_expression(registered.oid, registered.key_columns, '($1).'),
    audit_schema._image_expression(registered,
      audit_schema._names_expression(registered),
      audit_schema._texts_expression(registered, '($1).'),
      case when marked then quote_literal(audit_schema._marks(registered.oid, registered.redacted)) || '::jsonb' end))
  from audit_schema._as_now(settings, written) as registered
$function$;
