-- The partitions that hold the rows of a partitioned table, by oid; none for any other table.
create or replace function audit_schema._partitions(audited oid)
returns oid[]
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  select coalesce(array_agg(tree.relid::oid order by tree.relid), '{}')
  from pg_partition_tree(audited) as tree
  where tree.isleaf and tree.relid <> audited
$function$;
