-- Whether the key by which a table's changes are recorded is still there: the primary key, or a unique index over just the
-- columns chosen, without predicate or expression, none of which may be NULL.
create or replace function audit_schema._key_kept(registered audit_schema.relation)
returns boolean
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  select case registered.key_from
    when 'none' then true
    when 'primary' then registered.key_columns is not distinct from (
      select array_agg(place.attnum order by place.ordinality)
      from pg_index as key, unnest(key.indkey::smallint[]) with ordinality as place (attnum, ordinality)
      where key.indrelid = registered.oid and key.indisprimary and place.ordinality <= key.indnkeyatts
    )
    else exists (
      select
      from pg_index as key
      where key.indrelid = registered.oid
        and key.indisunique and key.indisvalid and key.indpred is null and key.indexprs is null
        and (key.indkey::smallint[])[0 : key.indnkeyatts - 1] @> registered.key_columns
        and registered.key_columns @> (key.indkey::smallint[])[0 : key.indnkeyatts - 1]
        and not exists (
          select from pg_attribute as attribute
          where attribute.attrelid = key.indrelid
            and attribute.attnum = any (registered.key_columns)
            and not attribute.attnotnull
        )
    )
  end
$function$;
