-- SQL text of where the row version that a change made is taken from by changes that were recorded before it. `bare` where
-- it is known that nothing has moved it.
create or replace function audit_schema._new_place(bare boolean)
returns text
language sql
immutable
set search_path = pg_catalog, pg_temp
as $function$
  select audit_schema._settled_place('new.ctid', '>', bare)
$function$;
