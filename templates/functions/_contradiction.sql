-- Ends a reading of the past that the log cannot explain: counting back from the present row gives neither one
-- row nor none. Somebody wrote to the table around the audit, or to the log.
create or replace function audit_schema._contradiction(named text, key text, existed bigint)
returns boolean
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $function$
begin
  raise exception using
    errcode = 'UA004',
    message = format('the changes of %s do not explain its row %s: counting back gives %s rows', named, key, existed),
    hint = 'The table was written to while its audit trigger did not run (switched off, session_replication_role = replica, restore). See audit status.';
end
$function$;
