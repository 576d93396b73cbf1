-- The type under a domain, at whatever depth, and its modifier; any other type is its own.
create or replace function audit_schema._base_type(type oid, typmod integer, out base oid, out named text)
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  with recursive layer as (
    select _base_type.type as oid, _base_type.typmod
    union all
    select domain.typbasetype, domain.typtypmod
    from layer
    join pg_type as domain on domain.oid = layer.oid and domain.typtype = 'd'
  )
  select layer.oid, format_type(layer.oid, layer.typmod)
  from layer
  join pg_type as found on found.oid = layer.oid and found.typtype <> 'd'
$function$;
