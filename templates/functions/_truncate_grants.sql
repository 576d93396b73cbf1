-- The statements that let audit_truncate read what TRUNCATE is about to remove; partitions too, for they are
-- truncated by themselves. Whole tables, because a column added later must not make the application's TRUNCATE fail.
create or replace function audit_schema._truncate_grants(audited oid)
returns setof text
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  with truncatable as (
    select class.oid, class.relname, class.relnamespace, namespace.nspname
    from (select audited as oid union select tree.relid from pg_partition_tree(audited) as tree) as member
    join pg_class as class on class.oid = member.oid and class.relkind in ('r', 'p')
    join pg_namespace as namespace on namespace.oid = class.relnamespace
  )
  select format('grant usage on schema %I to audit_truncate;', truncatable.nspname)
  from truncatable
  where not has_schema_privilege('audit_truncate', truncatable.relnamespace, 'usage')
  group by truncatable.nspname
  union all
  select format('grant select on %I.%I to audit_truncate;', truncatable.nspname, truncatable.relname)
  from truncatable
$function$;
