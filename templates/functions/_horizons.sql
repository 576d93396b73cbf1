-- What the horizon of each table has to rise to before the changes of a segment that are older than `before` are
-- removed: the newest of them, or later. A transaction is undone as a whole at an instant at which it was not done (see
-- _undone), so that with one of its changes gone no instant before its end can be answered. It was done at its last change
-- over all tables, which may lie in a later segment; by a tag whose snapshot does not see it, after the tag; by the server's
-- own account, when it was committed. Call it only for a closed segment: all who wrote there have ended.
create or replace function audit_schema._horizons(removed integer, before timestamptz)
returns table (relation integer, at timestamptz)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO, YMD'
as $function$
declare
  held record;
  found record;
  bounds timestamptz[];
  segment_era record;
  relations integer[] := '{}';
  ends timestamptz[] := '{}';
begin
  execute format(
    'select array_agg(last.relation) as relations, array_agg(last.at) as ends, min(last.first_at) as first_at, max(last.at) as last_at
     from (
       select change.relation, min(change.at) as first_at, max(change.at) as at
       from %I.%I as change
       where change.at < %L
       group by change.relation
     ) as last', 'audit_schema', 'change_' || removed, before)
  into held;
  if held.relations is null then
    return;
  end if;
  relations := held.relations;
  ends := held.ends;
  bounds := array(select distinct bound from unnest(held.ends) as bound order by bound);

  -- Whoever wrote after the newest change of a table and had begun before it may have written to that table: of all others
  -- no change lies beyond it. The ends of tables between which a transaction stretches are found by halving.
  for found in execute format(
    'with outlasting as materialized (
       select change.xid, max(change.at) as at
       from %1$I.change
       where change.at > %3$L and coalesce(change.began, ''-infinity'') <= %4$L
         and width_bucket(change.at, %5$L::timestamptz[])
           > width_bucket(coalesce(change.began, ''-infinity'') - interval ''1 microsecond'', %5$L::timestamptz[])
       group by change.xid
     )
     select change.relation, max(outlasting.at) as at
     from outlasting
     join %1$I.%2$I as change on change.xid = outlasting.xid
     where change.at < %6$L
     group by change.relation',
    'audit_schema', 'change_' || removed, bounds[1], held.last_at, bounds, before)
  loop
    relations := relations || found.relation;
    ends := ends || found.at;
  end loop;

  -- Transaction ids mean something within one era only.
  select installation.era, installation.first_id, next_era.first_id as next_id into segment_era
  from audit_schema.segment
  join audit_schema.installation on installation.era = segment.era
  left join audit_schema.installation as next_era on next_era.era = installation.era + 1
  where segment.id = removed;

  for found in
    select tag.id, tag.at, tag.since, tag.snapshot, installation.first_id
    from audit_schema.tag
    join audit_schema.installation on installation.era = tag.era
    where tag.since <= held.last_at and tag.at >= held.first_at
  loop
    for held in execute format(
      'select distinct change.relation
       from %I.%I as change
       where change.at >= %L and change.at < %L and change.id < %s and change.id >= %s
         and not pg_visible_in_snapshot(change.xid, %L)',
      'audit_schema', 'change_' || removed, found.since, before, found.id, found.first_id, found.snapshot)
    loop
      relations := relations || held.relation;
      ends := ends || found.at + interval '1 microsecond';
    end loop;
  end loop;

  if current_setting('track_commit_timestamp')::boolean and segment_era.next_id is null then
    for found in execute format(
      'select change.relation, max(%s) as at
       from %I.%I as change
       where change.at < %L and change.id >= %s
       group by change.relation',
      audit_schema._commit_time('change.xid'), 'audit_schema', 'change_' || removed, before, segment_era.first_id)
    loop
      relations := relations || found.relation;
      ends := ends || found.at;
    end loop;
  end if;

  return query
    select ended.relation, max(ended.at)
    from unnest(relations, ends) as ended (relation, at)
    group by ended.relation;
end
$function$;
