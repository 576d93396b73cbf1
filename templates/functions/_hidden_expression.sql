-- SQL text that, executed with an old and a new row as its parameters, returns the marks of those redacted columns that
-- differ, '{}' where none does. For trigger functions whose table changed since they were made.
create or replace function audit_schema._hidden_expression(written oid, settings text)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  select 'select ''{}''::jsonb' || coalesce(string_agg(
    format(' || case when %s then %L::jsonb else ''{}'' end',
      audit_schema._differs_expression(attribute.atttypid, attribute.attcollation,
        format('($1).%I', attribute.attname), format('($2).%I', attribute.attname)),
      audit_schema._marks(registered.oid, array[attribute.attnum])),
    '' order by attribute.attnum), '')
  from audit_schema._as_now(settings, written) as registered
  join pg_attribute as attribute on attribute.attrelid = registered.oid and attribute.attnum = any (registered.redacted)
$function$;
