-- SQL text that turns the key's text in `alias`.key back into values, as far as these can be compared under our path: of
-- built-in types, and of such as lie under domains: key_1, key_2, …
create or replace function audit_schema._typed_key(audited oid, key_columns smallint[], alias text)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  select coalesce(
    string_agg(
      format('(%s)::%s as key_%s',
        case
          when cardinality(key_columns) = 1 then format('%I.key', alias)
          else format('%I.key::jsonb ->> %s', alias, place.ordinality - 1)
        end,
        under.named,
        place.ordinality),
      ', ' order by place.ordinality) filter (where audit_schema._reads_plainly(key_column.atttypid)),
    'null as key_0')
  from unnest(key_columns) with ordinality as place (attnum, ordinality)
  join pg_attribute as key_column on key_column.attrelid = audited and key_column.attnum = place.attnum
  cross join lateral audit_schema._base_type(key_column.atttypid, key_column.atttypmod) as under
$function$;
