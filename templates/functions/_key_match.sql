-- SQL text that is true where a row of the table, called "live", has the key in `alias`. By value first, so that
-- the table's own index serves, then by text, byte by byte: values can be equal and their keys different (1.0 and
-- 1.00, or two texts under a collation that knows no case). "is true" keeps the text out of the hash table: it is
-- made for rows whose values match, not for every row of the table. Values of types that are not built in are not compared:
-- their operators cannot be found under our path, and may be somebody's own.
create or replace function audit_schema._key_match(audited oid, key_columns smallint[], alias text)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  select coalesce(
    string_agg(format('%I.key_%s = live.%I', alias, place.ordinality, key_column.attname), ' and ' order by place.ordinality)
      filter (where audit_schema._reads_plainly(key_column.atttypid))
      || format(' and (%I.key collate "C" = %s) is true', alias, audit_schema._key_expression(audited, key_columns, 'live.')),
    format('%I.key collate "C" = %s', alias, audit_schema._key_expression(audited, key_columns, 'live.')))
  from unnest(key_columns) with ordinality as place (attnum, ordinality)
  join pg_attribute as key_column on key_column.attrelid = audited and key_column.attnum = place.attnum
$function$;
