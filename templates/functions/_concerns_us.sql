-- Whether a command may have changed how a table is to be captured. What is dropped is told by the event sql_drop,
-- whatever took it along; temporary tables come and go all the time and concern nobody, and our own triggers are our own
-- business. Every command of the database asks this, so that the cheapest questions come first.
create or replace function audit_schema._concerns_us(event text, tag text)
returns boolean
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $function$
begin
  if event = 'sql_drop' then
    return exists (
      select from pg_event_trigger_dropped_objects() as dropped
      where dropped.object_type in ('table', 'table column', 'trigger', 'table constraint')
        and not dropped.is_temporary
        and not (dropped.object_type = 'trigger' and starts_with(dropped.address_names[3], concat('00_', 'audit_schema', '_')))
    );
  end if;
  if tag in ('CREATE TABLE', 'CREATE SCHEMA') then
    return exists (
      select
      from pg_event_trigger_ddl_commands() as command
      where command.classid = 'pg_class'::regclass
        and command.schema_name is distinct from 'pg_temp'
        and (
          exists (select from pg_inherits where inhrelid = command.objid)
          or exists (select from pg_constraint where conrelid = command.objid and contype = 'f')
        )
    );
  end if;
  if tag = 'CREATE TRIGGER' then
    return exists (
      select
      from pg_event_trigger_ddl_commands() as command
      join pg_trigger as trigger on trigger.oid = command.objid
      where not starts_with(trigger.tgname, concat('00_', 'audit_schema', '_'))
    );
  end if;
  if tag like 'CREATE %' then
    return tag = 'CREATE EXTENSION';
  end if;
  return tag not like 'DROP %' and tag not in (
    'GRANT', 'REVOKE', 'COMMENT', 'SECURITY LABEL', 'ALTER DEFAULT PRIVILEGES', 'REINDEX', 'ALTER FUNCTION',
    'ALTER PROCEDURE', 'ALTER ROUTINE', 'ALTER TRIGGER', 'ALTER POLICY');
end
$function$;
