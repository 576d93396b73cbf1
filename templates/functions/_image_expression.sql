-- SQL text of an image as jsonb, from SQL texts of the names of columns, of their texts, and of the marks of redacted
-- ones (null where none is redacted). jsonb_object() over two text arrays takes half the time of
-- jsonb_build_object(), which looks up the type of every argument on every call. One jsonb object can hold 256 MB; what is
-- larger makes it fail, and the write with it, unless digests are to stand for large values. Then its size is looked at
-- inside of jsonb_object(), or the planner, which knows the values of variables, would make the image beforehand.
create or replace function audit_schema._image_expression(
  registered audit_schema.relation, names text, texts text, marks text)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  select format(
    case registered.oversize
      when 'digest' then
        'coalesce(jsonb_object(%2$s, case when pg_column_size(%3$s) <= 250000000 then %3$s end), %1$I._digest_image(%2$s, %3$s))'
      else 'jsonb_object(%2$s, %3$s)'
    end, 'audit_schema', names, texts) || coalesce(' || ' || marks, '')
$function$;
