-- Begins a coverage of a table at a new number of the change sequence, unless one lasts already.
create or replace function audit_schema._begin_coverage(relation integer, reason text)
returns void
language sql
volatile
set search_path = pg_catalog, pg_temp
as $function$
  insert into audit_schema.coverage (relation, from_id, from_at, on_reason)
  select _begin_coverage.relation, nextval('audit_schema.change_id'), clock_timestamp(), reason
  where not exists (
    select from audit_schema.coverage
    where coverage.relation = _begin_coverage.relation and coverage.until_id is null
  )
$function$;
