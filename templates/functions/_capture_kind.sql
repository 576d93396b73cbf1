-- How the changes of a table are to be captured as it is now. "statement": INSERT and DELETE once per statement, over
-- transition tables, UPDATE row by row. "row": all of them row by row. By statement only where nothing can write to the
-- same rows between a row and the end of its statement, or the log would tell the order wrong: not beside
-- triggers of the application's own, nor under foreign keys that cascade from here, nor where the key may be deferred:
-- then two rows lie under one key for a while, and only their places tell them apart. Nor where statement
-- triggers miss writes: partitions, inheritance, replication (--always). Nor where DDL is not followed.
create or replace function audit_schema._capture_kind(registered audit_schema.relation)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $function$
begin
  return (
    select case
      when registered.capture = 'guarded'
        or registered.always
        or class.relkind <> 'r'
        or class.relispartition
        or exists (select from pg_inherits where inhrelid = class.oid or inhparent = class.oid)
        or exists (
          select
          from pg_trigger as trigger
          where trigger.tgrelid = class.oid
            and not trigger.tgisinternal
            and not starts_with(trigger.tgname, concat('00_', 'audit_schema', '_'))
        )
        or exists (
          select
          from pg_index as key
          where key.indrelid = class.oid and key.indisunique and not key.indimmediate
            and registered.key_columns @> (key.indkey::smallint[])[0 : key.indnkeyatts - 1]
        )
        or exists (
          select from pg_constraint as cascading
          where cascading.confrelid = class.oid and cascading.contype = 'f' and cascading.confdeltype in ('c', 'n', 'd')
        )
      then 'row'
      else 'statement'
    end
    from pg_class as class
    where class.oid = registered.oid
  );
end
$function$;
