-- What the horizons of a segment's tables have to rise to before its changes from before an instant are removed
-- ('infinity': all of them; where tables are given, theirs alone). What closing it wrote down spares a look at every change.
create or replace function audit_schema._rising(leaving integer, before timestamptz, relations integer[] default null)
returns table (relation integer, at timestamptz)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $function$
begin
  if before = 'infinity'
    and exists (select from audit_schema.segment_relation as held where held.segment = leaving)
    -- not looked for when it was closed by a former version
    and not exists (select from audit_schema.segment_relation as held where held.segment = leaving and held.settled_at is null)
  then
    return query
      select held.relation, greatest(held.last_at, held.settled_at, held.gone_at)
      from audit_schema.segment_relation as held
      where held.segment = leaving and (relations is null or held.relation = any (relations));
  else
    return query
      select horizon.relation, horizon.at
      from audit_schema._horizons(leaving, before) as horizon
      where relations is null or horizon.relation = any (relations);
  end if;
end
$function$;
