alter function audit_schema._on_ddl() owner to audit_ddl;
revoke execute on function audit_schema._on_ddl() from public;

-- Event triggers that keep the trigger functions in step with DDL. ENABLE ALWAYS, because a session in replica
-- role changes tables as well. Named by the schema's number: names of event triggers are one per database.
do $do$
declare
  number oid := 'audit_schema'::pg_catalog.regnamespace;
  event text;
begin
  foreach event in array array['ddl_command_end', 'sql_drop'] loop
    if not exists (select from pg_catalog.pg_event_trigger where evtname = pg_catalog.format('audit_%s_%s', number, event)) then
      execute pg_catalog.format('create event trigger audit_%s_%s on %s execute function %I._on_ddl()', number, event, event, 'audit_schema');
    end if;
    execute pg_catalog.format('alter event trigger audit_%s_%s enable always', number, event);
  end loop;
end
$do$;
