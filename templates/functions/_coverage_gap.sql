-- Why the past of a table cannot be rebuilt across what DDL just did to it; null where it can. Rows that came with a
-- partition, or went with one, did so without a change. A partition without a single page has no rows.
create or replace function audit_schema._coverage_gap(former audit_schema.relation, present audit_schema.relation)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  select case
    when exists (
      select from unnest(present.key_columns) as key_column (attnum)
      where not exists (
        select from pg_attribute as attribute
        where attribute.attrelid = present.oid and attribute.attnum = key_column.attnum and not attribute.attisdropped
      )
    ) then 'a key column was dropped'
    when exists (
      select from unnest(present.partitions) as partition (oid)
      where partition.oid <> all (former.partitions) and pg_relation_size(partition.oid) > 0
    ) then 'a partition with rows was attached'
    when exists (
      select from unnest(former.partitions) as partition (oid)
      where partition.oid <> all (present.partitions) and pg_relation_size(partition.oid) is distinct from 0
    ) then 'a partition was detached or dropped'
  end
$function$;
