-- An instant before which nothing in progress at a snapshot had recorded anything. A change whose transaction is older
-- than all those in progress began before they did, and so before they wrote; the newest such change is looked for from
-- the end of the log backwards. A minute's grace covers clocks that were set back a little.
create or replace function audit_schema._settled_since(snapshot pg_snapshot)
returns timestamptz
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $function$
declare
  span interval := '10 seconds';
  found_began timestamptz;
begin
  while span < interval '100 years' loop
    select max(change.began) into found_began
    from audit_schema.change
    where change.at > clock_timestamp() - span and change.xid < pg_snapshot_xmin(snapshot);
    exit when found_began is not null;
    span := span * 10;
  end loop;
  return coalesce(found_began - interval '1 minute', '-infinity');
end
$function$;
