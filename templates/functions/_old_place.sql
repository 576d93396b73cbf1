-- SQL text of where the row version that a change replaced was left by the last recorded change of it. `bare` where it is
-- known that nothing moved it meanwhile.
create or replace function audit_schema._old_place(bare boolean)
returns text
language sql
immutable
set search_path = pg_catalog, pg_temp
as $function$
  select audit_schema._settled_place('old.ctid', '<', bare)
$function$;
