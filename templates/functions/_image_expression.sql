-- SQL text of a whole row's image as jsonb, without the excluded columns. In pieces of forty columns, because a
-- function takes at most a hundred arguments.
create or replace function audit_schema._image_expression(audited oid, excluded smallint[], prefix text)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  with recorded as (
    select
      format('%L, %s', attribute.attname,
        audit_schema._value_expression(attribute.atttypid, prefix || quote_ident(attribute.attname))) as pair,
      row_number() over (order by attribute.attnum) as place
    from pg_attribute as attribute
    where attribute.attrelid = audited
      and attribute.attnum > 0
      and not attribute.attisdropped
      and attribute.attnum <> all (excluded)
  ), piece as (
    select (place - 1) / 40 as number, format('jsonb_build_object(%s)', string_agg(pair, ', ' order by place)) as built
    from recorded
    group by (place - 1) / 40
  )
  select coalesce(string_agg(built, ' || ' order by number), '''{}''::jsonb')
  from piece
$function$;
