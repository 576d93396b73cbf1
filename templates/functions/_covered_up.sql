-- Attribute numbers of the columns that are redacted as the table is now: named or matched by a glob, and the stored
-- generated columns made from them. A change tells that they changed, never a value.
create or replace function audit_schema._covered_up(registered audit_schema.relation)
returns smallint[]
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  with named as (
    select coalesce(array_agg(attribute.attnum), '{}') as columns
    from pg_attribute as attribute
    where attribute.attrelid = registered.oid
      and attribute.attnum > 0
      and not attribute.attisdropped
      and attribute.attnum <> all (registered.key_columns)
      and (
        attribute.attnum = any (registered.redact_columns)
        or audit_schema._matches_glob(attribute.attname, registered.redact_globs)
      )
  )
  select coalesce(array_agg(distinct redacted.attnum order by redacted.attnum), '{}')
  from named, unnest(named.columns || audit_schema._made_from(registered.oid, named.columns)) as redacted (attnum)
  where redacted.attnum <> all (audit_schema._left_out(registered))
$function$;
