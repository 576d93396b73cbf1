-- Ends the coverage of a table at a new number of the change sequence: what comes later is not covered any more.
create or replace function audit_schema._end_coverage(relation integer, reason text)
returns void
language sql
volatile
set search_path = pg_catalog, pg_temp
as $function$
  update audit_schema.coverage
  set until_id = nextval('audit_schema.change_id'), until_at = clock_timestamp(), off_reason = reason
  where coverage.relation = _end_coverage.relation and coverage.until_id is null
$function$;
