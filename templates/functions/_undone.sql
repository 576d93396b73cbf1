-- What is to be undone to come to the state at an instant, as conditions on `change`, for queries of one table's changes:
-- `later` holds for what was recorded after it, `straddling` for what was recorded before it by transactions that were
-- not done by then; null where there was none. `precision` says whether they are exact to the commit. All bounds are
-- literals, so that the planner knows how little there is to undo.
--
-- A tag says by its snapshot what was done. Otherwise the server does where it keeps the times of commits, but only back
-- to a time before which nothing then in progress had recorded anything; a tag not too long before tells it. Otherwise a
-- transaction counts as done at its last recorded change over all tables, so none is torn.
create or replace function audit_schema._undone(instant timestamptz, tag text, out later text, out straddling text, out exactly boolean)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO, YMD'
as $function$
declare
  named audit_schema.tag;
  within_era text := '';
  covering record;
  straddlers xid8[];
  oldest_beginning timestamptz;
  anchor timestamptz;
  unknown boolean;
begin
  if tag is not null then
    select found.* into named from audit_schema.tag as found where found.name = _undone.tag;
    select installation.first_id into covering from audit_schema.installation where installation.era = named.era;
    later := format('change.id >= %s', named.id);
    straddling := format('change.id < %s and change.id >= %s and change.at >= %L and not pg_catalog.pg_visible_in_snapshot(change.xid, %L)',
      named.id, covering.first_id, named.since, named.snapshot);
    exactly := true;
    return;
  end if;

  -- Transaction ids mean something within one era only; bounds are needed where there are several.
  select installation.era, installation.first_id, next_era.first_id as next_id into covering
  from audit_schema.installation
  left join audit_schema.installation as next_era on next_era.era = installation.era + 1
  where installation.installed_at <= instant or installation.era = 1
  order by installation.era desc
  limit 1;
  if covering.next_id is not null or covering.era > 1 then
    within_era := format(' and change.id >= %s and change.id < %s', covering.first_id, coalesce(covering.next_id, 9223372036854775807));
  end if;

  -- Transactions that began before the instant and wrote after it may have written before it as well, but not before
  -- they began. What was recorded by a version that did not note beginnings may have begun at any time.
  execute format(
    'select array_agg(distinct change.xid), min(coalesce(change.began, ''-infinity''))
     from %I.change
     where change.at > %L%s and coalesce(change.began, ''-infinity'') <= %2$L',
    'audit_schema', instant, within_era)
  into straddlers, oldest_beginning;

  later := format('change.at > %L', instant);
  exactly := false;
  if straddlers is not null then
    straddling := format('change.at <= %L and change.at >= %L and change.xid = any (%L)%s', instant, oldest_beginning, straddlers, within_era);
  end if;

  if current_setting('track_commit_timestamp')::boolean and covering.next_id is null then
    select max(found.since) into anchor
    from audit_schema.tag as found
    where found.at <= instant and found.at >= instant - interval '1 day' and found.era = covering.era;
    execute format(
      'select exists (select from %I.change where change.at <= %L and change.at >= %L%s and %s is null)',
      'audit_schema', instant, coalesce(anchor, instant - interval '1 day'), within_era, audit_schema._commit_time('change.xid'))
    into unknown;
    exactly := anchor is not null and not unknown;
    straddling := format('change.at <= %1$L and change.at >= %2$L%3$s and coalesce(%4$s > %1$L, change.xid = any (%5$L))',
      instant, least(oldest_beginning, coalesce(anchor, instant - interval '1 day')), within_era,
      audit_schema._commit_time('change.xid'), coalesce(straddlers, '{}'));
  end if;
end
$function$;
