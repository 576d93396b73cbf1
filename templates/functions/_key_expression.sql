-- SQL text of the key's text: one column its text, several a JSON array of texts, in key order. Columns are
-- found by attribute number, so a renamed key column changes nothing. A table without a key has null. `prefix` goes before each column, such
-- as "new." or "live.". The text depends on no session setting as long as the output settings are pinned.
create or replace function audit_schema._key_expression(audited oid, key_columns smallint[], prefix text)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  select case count(*)
    when 0 then 'null::text'
    when 1 then
      min(audit_schema._value_expression(key_column.atttypid, prefix || quote_ident(key_column.attname)))
    else
      format('jsonb_build_array(%s)::text', string_agg(
        audit_schema._value_expression(key_column.atttypid, prefix || quote_ident(key_column.attname)),
        ', ' order by place.ordinality))
  end
  from unnest(key_columns) with ordinality as place (attnum, ordinality)
  join pg_attribute as key_column on key_column.attrelid = audited and key_column.attnum = place.attnum
$function$;
