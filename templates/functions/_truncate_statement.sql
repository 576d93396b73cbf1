-- SQL text that records every row of a table (of one partition, where only that is truncated) as it is found at
-- that moment, as changes of kind T. Made anew for each TRUNCATE, so that no DDL can break it; `settings` is the
-- registry's entry as JSON, for the trigger functions may not read the registry.
-- TRUNCATE of a partitioned table fires the triggers of its partitions as well, and each records its own rows.
-- Left to the partitioned table are partitions that came later and have no trigger yet. Empty where there are none.
-- Rows are read with the rights of the table's owner (see _rows_function); a partition of somebody else's through the
-- table to which it belongs.
create or replace function audit_schema._truncate_statement(truncated oid, settings text)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  with recursive given as (
    select (settings::jsonb ->> 'id')::integer as id
  ), untold as (
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
        select from pg_trigger as trigger, given
        where trigger.tgrelid = partition.oid
          and trigger.tgfoid = to_regprocedure(format('%I.%I()', 'audit_schema', '_truncate_' || given.id))
          and trigger.tgenabled in ('O', 'A')
      )
  ), untold_rows as (
    select array_agg(untold.oid) as partitions
    from untold
    where untold.relkind <> 'p'
  )
  select case when untold_rows.partitions is null then '' else audit_schema._record_statement(registered, 'T',
    'key, old, old_tid',
    'row_of.key, ' || audit_schema._image_expression(registered,
      audit_schema._names_expression(registered), 'row_of.texts',
      quote_literal(audit_schema._marks(registered.oid, registered.redacted)) || '::jsonb')
      || format(', case when current_setting(''audit.moves'', true) <> '''' then %I._moved_along(row_of.written, row_of.place, ''<'') else row_of.place end', 'audit_schema'),
    format('from %I.%I(%L) as row_of',
      'audit_schema', '_rows_' || given.id,
      format('select %s, %s, truncated.tableoid, truncated.ctid from %s',
        audit_schema._key_expression(registered.oid, registered.key_columns, 'truncated.'),
        audit_schema._texts_expression(registered, 'truncated.'),
        case when class.relkind = 'p' or class.relowner <> audited.relowner
          then format('%s as truncated where truncated.tableoid = any (%L::oid[])', audited.oid::regclass, untold_rows.partitions)
          else format('only %s as truncated', class.oid::regclass)
        end))) end
  from given
  cross join untold_rows
  cross join audit_schema._as_now(settings, truncated) as registered
  join pg_class as class on class.oid = truncated
  join pg_class as audited on audited.oid = registered.oid
$function$;
