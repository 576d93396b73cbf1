-- SQL text of a query that returns the rows of a table as they were at an instant, with the columns of today in
-- their order. `tag` names the instant where a tag does; null goes by the clock. `keys` narrows it to the rows of
-- those keys; null means all of them.
--
-- State at an instant is the present table with everything after it undone (see _undone). Per key, over the
-- changes to undo: a key change leaves the old key and arrives at the new one, TRUNCATE leaves.
--   the row existed if    live now - arrivals + departures = 1    (neither 0 nor 1 is a contradiction);
--   its values are the old images, the earliest on top, up to and including the first departure: what follows is
--   another incarnation of the key. Underneath lies the present row, or nothing if there was a departure.
-- The query carries its bounds as literals, so that the planner knows how little there is to undo.
create or replace function audit_schema._at_statement(audited oid, instant timestamptz, tag text, keys text[])
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO, YMD'
as $function$
declare
  relation_id constant integer := audit_schema._relation_of(audited);
  registered record;
  undone record;
  renamed boolean;
  image text;
  kept text;
  whole text;
  source text;
  untouched text;
  present text;
  past text;
  rebuilt text;
  absent text;
  untrusted text;
  straddling text := '';
  asked text := '';
begin
  perform audit_schema._require_coverage(relation_id, audited, instant);
  select relation.* into registered from audit_schema.relation where relation.id = relation_id;

  -- A plain SELECT runs no check of a domain, but reading a value back does.
  untrusted := audit_schema._untrusted_check(audited);
  if untrusted is not null and not (select pg_has_role(class.relowner, current_user::text, 'member') from pg_class as class where class.oid = audited) then
    raise exception using
      errcode = 'UA005',
      message = format('reading the past of %s would run code of its owner with the rights of %I: the check of the domain %s', audited::regclass, current_user, untrusted),
      hint = format('Read it as its owner: set role %I.', (select class.relowner::regrole::text from pg_class as class where class.oid = audited));
  end if;

  select * into undone from audit_schema._undone(instant, tag);

  renamed := exists (
    select
    from (
      select shape.attnum, shape.name from audit_schema.relation_shape as shape where shape.relation = relation_id
      union
      select attribute.attnum, attribute.attname::text
      from pg_attribute as attribute
      where attribute.attrelid = audited and attribute.attnum > 0 and not attribute.attisdropped
    ) as called
    group by grouping sets (called.attnum, called.name)
    having count(*) > 1
  );
  image := case
    when renamed then format('%I._rename(change.old, %s, %s, change.id)', 'audit_schema', relation_id, audited)
    else 'change.old'
  end;
  -- Only where digests may stand for values: looking at each costs time.
  if registered.digested then
    image := format('%I._with_origin(%s, change.id)', 'audit_schema', image);
    kept := replace(format('%I._kept_text(undone.image, %L, ', 'audit_schema', audited::regclass), '%', '%%') || '%1$L)';
    whole := replace(format('%I._whole_image(undone.image - @, %L)', 'audit_schema', audited::regclass), '%', '%%');
    whole := replace(whole, '- @,', '- %L::text[],');
  else
    kept := '(undone.image ->> %1$L)';
    whole := 'undone.image - %L::text[]';
  end if;

  select format('%s %I.%I', case when class.relkind = 'p' then '' else 'only' end, namespace.nspname, class.relname)
  into source
  from pg_class as class join pg_namespace as namespace on namespace.oid = class.relnamespace
  where class.oid = audited;

  select
    string_agg(
      case when known.unknown is null
        then format('live.%I', known.name)
        when known.base = known.type then format('null::%s as %I', known.type, known.name)
        else format('absent.%I', known.name)
      end, E',\n    ' order by known.attnum),
    string_agg(
      case when known.unknown is null
        then case
          when known.plainly
            then format('case when undone.image ? %1$L then ' || kept || '::%2$s else live.%3$I end', known.name, known.type, known.name)
          else format('case when undone.image ? %1$L then rebuilt.%2$I::%3$s else live.%2$I end', known.name, known.name, known.type)
        end
        when known.base = known.type then format('null::%s', known.type)
        else format('absent.%I', known.name)
      end, E',\n    ' order by known.attnum),
    string_agg(
      case when known.unknown is null
        then case
          when known.plainly then format(kept || '::%2$s', known.name, known.type)
          else format('rebuilt.%I::%s', known.name, known.type)
        end
        when known.base = known.type then format('null::%1$s', known.type)
        else format('absent.%I', known.name)
      end, E',\n    ' order by known.attnum),
    -- what lies under domains: these would not take a column that is not in the image
    case when bool_or(not known.plainly and known.unknown is null) then format(
      E'\n  cross join lateral jsonb_to_record(%s) as rebuilt (%s)',
      format(whole, coalesce(array_agg(known.name) filter (where known.unknown is not null), '{}')),
      string_agg(format('%I %s', known.name, known.base), ', ') filter (where not known.plainly and known.unknown is null)) else '' end,
    -- a NULL of a domain that may allow none
    case when bool_or(known.base <> known.type and known.unknown is not null)
      then format(E'\n  left join %s as absent on false', source) else '' end
  into untouched, present, past, rebuilt, absent
  from audit_schema._columns_at(relation_id, audited, instant, tag) as known;

  if keys is not null then
    asked := format(' and (change.key = any (%1$L) or change.old_key = any (%1$L))', keys);
  end if;
  if undone.straddling is not null then
    straddling := format(
$straddling$
  union all
  select change.id, change.xid, change.op, change.key, change.old_key, %1$s as old, change.old_tid, change.new_tid
  from %2$I.change
  where change.relation = %3$s and %4$s%5$s$straddling$,
      image, 'audit_schema', relation_id, undone.straddling, asked);
  end if;

  return format(
$statement$with undo as (
  select change.id, change.xid, change.op, change.key, change.old_key, %1$s as old, change.old_tid, change.new_tid
  from %2$I.change
  where change.relation = %3$s and %4$s%15$s%5$s
), event as (
  select undo.id, undo.xid, undo.key, undo.old,
    undo.op in ('D', 'T') as leaves, undo.op = 'I' as arrives, undo.op = 'T' as truncates, undo.old_tid, undo.new_tid
  from undo
  where undo.old_key is null
  union all
  select undo.id, undo.xid, undo.old_key, undo.old, true, false, false, undo.old_tid, null
  from undo
  where undo.old_key is not null
  union all
  select undo.id, undo.xid, undo.key, null, false, true, false, null, undo.new_tid
  from undo
  where undo.old_key is not null
), neighbour as (
  select event.*,
    lag(event.new_tid) over before as former_tid,
    lag(event.leaves) over before as former_leaves,
    first_value(event.id) over before as began
  from event
  %6$s
  window before as (partition by event.key, event.xid order by event.id)
), disorder as (
  select neighbour.key, neighbour.xid
  from neighbour
  where neighbour.former_leaves is not null
    and case
      when neighbour.former_leaves then not neighbour.arrives
      when neighbour.arrives then true
      else neighbour.former_tid <> neighbour.old_tid
    end
  group by neighbour.key, neighbour.xid
), mended as (
  select grouped.key, grouped.xid, place.id, place.ordinality
  from (
    select event.key, event.xid,
      %2$I._row_order(array_agg(event.id order by event.id), array_agg(event.leaves order by event.id),
        array_agg(event.arrives order by event.id), array_agg(event.truncates order by event.id),
        array_agg(event.old_tid order by event.id), array_agg(event.new_tid order by event.id)) as ids
    from event
    join disorder on disorder.key = event.key and disorder.xid = event.xid
    group by event.key, event.xid
  ) as grouped, unnest(grouped.ids) with ordinality as place (id, ordinality)
), placed as (
  select neighbour.key, neighbour.old, neighbour.leaves, neighbour.arrives,
    row_number() over (
      partition by neighbour.key
      order by neighbour.began, coalesce(mended.ordinality, neighbour.id)
    ) as place
  from neighbour
  left join mended on mended.key = neighbour.key and mended.xid = neighbour.xid and mended.id = neighbour.id
  left join disorder on disorder.key = neighbour.key and disorder.xid = neighbour.xid
  -- without what only passed through the key
  where disorder.key is null or mended.id is not null
), bounded as (
  select placed.*,
    coalesce(bool_or(placed.leaves) over (
      partition by placed.key order by placed.place
      rows between unbounded preceding and 1 preceding), false) as other_incarnation
  from placed
), folded as (
  select bounded.key,
    count(*) filter (where bounded.arrives) as arrivals,
    count(*) filter (where bounded.leaves) as departures,
    %2$I._overlay(bounded.old order by bounded.place desc)
      filter (where not bounded.other_incarnation and bounded.old is not null) as image
  from bounded
  group by bounded.key
), touched as materialized (
  select folded.*, %7$s
  from folded
), undone as materialized (
  select touched.*,
    case (case when live.ctid is null then 0 else 1 end) - touched.arrivals + touched.departures
      when 0 then false
      when 1 then true
      else %2$I._contradiction(%8$L, touched.key, (case when live.ctid is null then 0 else 1 end) - touched.arrivals + touched.departures)
    end as existed
  from touched
  left join %9$s as live on %10$s
), result as (
  select
    %11$s
  from %12$s%17$s
  where not exists (select from undone where %13$s)
  union all
  select
    %16$s
  from undone
  join %9$s as live on %13$s%18$s%17$s
  where undone.existed and undone.departures = 0
  union all
  select
    %14$s
  from undone%18$s%17$s
  where undone.existed and undone.departures > 0
)
select * from result$statement$,
    image,
    'audit_schema',
    relation_id,
    undone.later,
    straddling,
    case when keys is null then '' else format('where event.key = any (%L)', keys) end,
    audit_schema._typed_key(audited, registered.key_columns, 'folded'),
    audited::regclass::text,
    source,
    audit_schema._key_match(audited, registered.key_columns, 'touched'),
    untouched,
    case
      when keys is null then format('%s as live', source)
      else format('(select asked.key, %s from unnest(%L::text[]) as asked (key)) as asked join %s as live on %s',
        audit_schema._typed_key(audited, registered.key_columns, 'asked'), keys, source,
        audit_schema._key_match(audited, registered.key_columns, 'asked'))
    end,
    audit_schema._key_match(audited, registered.key_columns, 'undone'),
    past,
    asked,
    present,
    absent,
    rebuilt);
end
$function$;
