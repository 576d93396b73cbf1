-- The registry's entry of a table as JSON, for the trigger functions to carry: what was decided, without what follows from
-- it as the table is at some moment (see _as_now).
create or replace function audit_schema._settings_text(registered audit_schema.relation)
returns text
language sql
immutable
set search_path = pg_catalog, pg_temp
as $function$
  select (to_jsonb(registered) - '{oid,schema_name,table_name,excluded,redacted,kind,partitions,sight,digested,enabled,dropped_at,horizon_at,lost_at,view_name,view_made}'::text[])::text
$function$;
