-- Attribute numbers of the columns that are not recorded as the table is now: those excluded by name or glob (so a
-- column added later is left out from its first write on), generated columns made from them, with --only all
-- others than were named and the key, and virtual generated columns, which triggers never see. Never the key.
create or replace function audit_schema._left_out(registered audit_schema.relation)
returns smallint[]
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  with present as (
    select attribute.attnum, attribute.attname, attribute.attgenerated
    from pg_attribute as attribute
    where attribute.attrelid = registered.oid and attribute.attnum > 0 and not attribute.attisdropped
  ), named as (
    select coalesce(array_agg(present.attnum), '{}') as columns
    from present
    where present.attnum = any (registered.exclude_columns)
      or audit_schema._matches_glob(present.attname, registered.exclude_globs)
  )
  select coalesce(array_agg(present.attnum order by present.attnum), '{}')
  from present, named, audit_schema._made_from(registered.oid, named.columns) as made
  where present.attnum = any (named.columns || made) and present.attnum <> all (registered.key_columns)
    or present.attgenerated = 'v'
    or registered.only_columns is not null
      and not (
        present.attnum = any (registered.only_columns || registered.key_columns)
        or audit_schema._matches_glob(present.attname, registered.only_globs)
      )
$function$;
