-- SQL text that, executed with a row as its parameter, returns the row's key and its whole image by the table's
-- columns of this moment. For row triggers whose table changed since they were generated; they may run on a
-- partition, so key columns and exclusions are found on the audited table and go by name.
create or replace function audit_schema._describe_expression(
  written oid, relation integer, key_columns smallint[], excluded smallint[], globs text[])
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  select format('select %s, %s',
    audit_schema._key_expression(audited.oid, key_columns, '($1).'),
    audit_schema._image_expression(audited.oid, audit_schema._excluded_columns(audited.oid, excluded, globs), '($1).'))
  from audit_schema._audited_table(written, relation) as audited (oid)
$function$;
