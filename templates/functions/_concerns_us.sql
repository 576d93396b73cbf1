-- Whether a command may have changed how a table is to be captured. What is dropped is told by the event sql_drop,
-- whatever took it along; temporary tables come and go all the time and concern nobody, and our own triggers are our own
-- business.
create or replace function audit_schema._concerns_us(event text, tag text)
returns boolean
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  select case
    when event = 'sql_drop' then exists (
      select from pg_event_trigger_dropped_objects() as dropped
      where dropped.object_type in ('table', 'table column', 'trigger', 'table constraint') and not dropped.is_temporary
    )
    when tag = 'CREATE TABLE' then exists (
      select
      from pg_event_trigger_ddl_commands() as command
      where command.classid = 'pg_class'::regclass
        and command.schema_name is distinct from 'pg_temp'
        and (
          exists (select from pg_inherits where inhrelid = command.objid)
          or exists (select from pg_constraint where conrelid = command.objid and contype = 'f')
        )
    )
    when tag = 'CREATE TRIGGER' then exists (
      select
      from pg_event_trigger_ddl_commands() as command
      join pg_trigger as trigger on trigger.oid = command.objid
      join pg_proc as function on function.oid = trigger.tgfoid
      where function.pronamespace <> (select namespace.oid from pg_namespace as namespace where namespace.nspname = 'audit_schema')
    )
    when tag like 'CREATE %' then tag = 'CREATE EXTENSION'
    else tag not like 'DROP %' and tag not in (
      'GRANT', 'REVOKE', 'COMMENT', 'SECURITY LABEL', 'ALTER DEFAULT PRIVILEGES', 'REINDEX', 'ALTER FUNCTION',
      'ALTER PROCEDURE', 'ALTER ROUTINE', 'ALTER TRIGGER', 'ALTER POLICY')
  end
$function$;
