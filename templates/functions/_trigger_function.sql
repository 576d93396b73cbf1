-- One trigger function of a table, as SQL: _<operation>_<relation>(), with the frame they all share. It runs as
-- somebody poor, under settings of its own.
create or replace function audit_schema._trigger_function(
  registered audit_schema.relation, operation text, declarations text, body text, settings text default '')
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  select format(
$declaration$create or replace function %1$I.%2$I()
returns trigger
language plpgsql
volatile
security definer
%3$s
as %4$L;$declaration$,
    'audit_schema',
    format('_%s_%s', operation, registered.id),
    audit_schema._pinned_settings(registered.oid, registered.capture = 'guarded' or operation = 'truncate') || settings,
    format(E'\n%sbegin\n%send\n', case when declarations <> '' then E'declare\n' || declarations else '' end, body))
$function$;
