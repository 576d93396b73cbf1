-- SQL text of an image as jsonb, from SQL texts of the names of columns, of their texts, and of the marks of redacted
-- ones (null where none is redacted). jsonb_object() over two text arrays takes half the time of
-- jsonb_build_object(), which looks up the type of every argument on every call. One jsonb object can hold 256 MB:
-- where columns may come near that, their size is looked at first, which costs next to nothing. It stands inside of
-- jsonb_object(), or the planner, which knows the values of variables, would make the image beforehand.
create or replace function audit_schema._image_expression(
  registered audit_schema.relation, names text, texts text, marks text)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  select case
    when exists (
      select
      from audit_schema._recorded_columns(registered) as recorded
      join pg_attribute as attribute on attribute.attrelid = registered.oid and attribute.attnum = recorded.attnum
      join pg_type as type on type.oid = recorded.type
      where type.typlen = -1
        and recorded.type not in ('numeric'::regtype, 'inet'::regtype, 'cidr'::regtype)
        and not (recorded.type in ('varchar'::regtype, 'bpchar'::regtype) and attribute.atttypmod > 0)
    ) then format(
      'coalesce(jsonb_object(%2$s, case when pg_column_size(%3$s) <= 250000000 then %3$s end), %1$I._oversize_image(%4$L, %5$L, %2$s, %3$s))',
      'audit_schema', names, texts, format('%I.%I', registered.schema_name, registered.table_name), registered.oversize)
    else format('jsonb_object(%s, %s)', names, texts)
  end || coalesce(' || ' || marks, '')
$function$;
