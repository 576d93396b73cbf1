-- SQL text that turns the key's text in `alias`.key back into values of the key columns' types: key_1, key_2, …
create or replace function audit_schema._typed_key(audited oid, key_columns smallint[], alias text)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  select string_agg(
    format(
      case
        when audit_schema._reads_plainly(key_column.atttypid) then '(%s)::%s as key_%s'
        else '(select given.it from jsonb_to_record(jsonb_build_object(''it'', %s)) as given (it %s)) as key_%s'
      end,
      case
        when cardinality(key_columns) = 1 then format('%I.key', alias)
        else format('%I.key::jsonb ->> %s', alias, place.ordinality - 1)
      end,
      format_type(key_column.atttypid, key_column.atttypmod),
      place.ordinality),
    ', ' order by place.ordinality)
  from unnest(key_columns) with ordinality as place (attnum, ordinality)
  join pg_attribute as key_column on key_column.attrelid = audited and key_column.attnum = place.attnum
$function$;
