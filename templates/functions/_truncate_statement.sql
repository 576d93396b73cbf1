-- SQL text that records every row of a table (of one partition, where only that is truncated) as it is found at
-- that moment, as changes of kind T. Made anew for each TRUNCATE, so that no DDL can break it.
-- TRUNCATE of a partitioned table fires the triggers of its partitions as well, and each records its own rows.
-- Left to the partitioned table are partitions that came later and have no trigger yet; they are read through it,
-- because nobody granted anything on them. Empty where there are none.
create or replace function audit_schema._truncate_statement(
  truncated oid, relation integer, key_columns smallint[], excluded smallint[], globs text[], retention integer)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  with recursive untold as (
    select class.oid, class.relkind
    from pg_class as class
    where class.oid = truncated
    union all
    select partition.oid, partition.relkind
    from untold
    join pg_inherits as member on member.inhparent = untold.oid
    join pg_class as partition on partition.oid = member.inhrelid
    where untold.relkind = 'p'
      and not exists (
        select from pg_trigger as trigger
        where trigger.tgrelid = partition.oid
          and trigger.tgfoid = to_regprocedure(format('%I.%I()', 'audit_schema', '_truncate_' || relation))
          and trigger.tgenabled in ('O', 'A')
      )
  ), untold_rows as (
    select array_agg(untold.oid) as partitions
    from untold
    where untold.relkind <> 'p'
  )
  select case when untold_rows.partitions is null then '' else format(
$statement$insert into %1$I.change (
  relation, op, key, old,
  actor, db_user, role, application, client_addr, context,
  old_tid, segment
)
select
  %2$s, 'T', %3$s, %4$s,
  %5$s,
  case when current_setting('audit.moves', true) <> '' then %1$I._moved_from(truncated.tableoid, truncated.ctid) else truncated.ctid end,
  %1$I.%6$I()
from %7$s$statement$,
    'audit_schema',
    relation,
    audit_schema._key_expression(audited.oid, key_columns, 'truncated.'),
    audit_schema._image_expression(audited.oid, audit_schema._excluded_columns(audited.oid, excluded, globs), 'truncated.'),
    audit_schema._origin_expressions(),
    '_hot_' || retention,
    case when class.relkind = 'p'
      then format('%I.%I as truncated where truncated.tableoid = any (%L::oid[])', namespace.nspname, class.relname, untold_rows.partitions)
      else format('only %I.%I as truncated', namespace.nspname, class.relname)
    end) end
  from audit_schema._audited_table(truncated, relation) as audited (oid),
    untold_rows,
    pg_class as class
  join pg_namespace as namespace on namespace.oid = class.relnamespace
  where class.oid = truncated
$function$;
