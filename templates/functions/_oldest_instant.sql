-- The oldest instant at which a table can be rebuilt from its present rows, and what bounds it: the beginning of
-- the coverage that reaches to now, the newest change that prune removed, or a TRUNCATE recorded without its
-- rows. at is null where auditing has ended; ended_at then says when.
create or replace function audit_schema._oldest_instant(relation integer, out at timestamptz, out reason text, out ended_at timestamptz)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $function$
declare
  bound record;
begin
  select coverage.* into bound
  from audit_schema.coverage
  where coverage.relation = _oldest_instant.relation
  order by coverage.from_id desc
  limit 1;
  if not found or bound.until_at is not null then
    ended_at := bound.until_at;
    reason := coalesce(bound.off_reason, 'never covered');
    return;
  end if;
  at := bound.from_at;
  reason := format('its coverage began at %s (%s)', bound.from_at, bound.on_reason);

  select registered.horizon_at as at into bound
  from audit_schema.relation as registered
  where registered.id = _oldest_instant.relation;
  if bound.at > at then
    at := bound.at;
    reason := format('prune removed its changes up to %s', bound.at);
  end if;

  select max(change.at) as at into bound
  from audit_schema.change
  where change.relation = _oldest_instant.relation and change.key is null and change.op = 'T' and change.old is null;
  if bound.at > at then
    at := bound.at;
    reason := format('a TRUNCATE at %s was recorded without its rows', bound.at);
  end if;
end
$function$;
