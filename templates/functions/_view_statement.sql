-- SQL text that makes the history view of a table: one row per change, the table's own columns as they were after it
-- (before it, where it took the row away), and ahead of them what is known of the change. Ahead, so that a column that is
-- added comes last and the view can be replaced in place.
--
-- It reads the log alone: depending on the table, it would stand in the way of ALTER TABLE. What columns were called, and
-- since when their texts are of today's type, is written into it; _on_ddl makes it anew. It calls no function of ours,
-- which an upgrade drops.
create or replace function audit_schema._view_statement(registered audit_schema.relation)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set quote_all_identifiers = off
as $function$
declare
  prefix text := 'audit_';
  key_since bigint;
  values_of text;
  renamed text;
begin
  while exists (
    select
    from pg_attribute as attribute
    where attribute.attrelid = registered.oid
      and attribute.attname = any (select prefix || own.name from unnest('{id,at,op,key,actor,db_user,tx,context,changed,old}'::text[]) as own (name))
  ) loop
    prefix := '_' || prefix;
  end loop;

  -- what was recorded by another key says nothing of this one
  select max(coverage.until_id) into key_since
  from audit_schema.coverage
  where coverage.relation = registered.id and coverage.off_reason like '%key%';

  with version as (
    select shape.attnum, shape.name, shape.type, shape.recorded, shape.from_id,
      lead(shape.from_id) over versions as until_id,
      lead(shape.name) over versions as next_name
    from audit_schema.relation_shape as shape
    where shape.relation = registered.id
    window versions as (partition by shape.attnum order by shape.from_id)
  ), present as (
    select attribute.attnum, attribute.attname::text as name,
      format_type(attribute.atttypid, attribute.atttypmod) as own_type,
      audit_schema._view_type(attribute.atttypid, attribute.atttypmod) as type,
      place.ordinality as key_place
    from pg_attribute as attribute
    left join unnest(registered.key_columns) with ordinality as place (attnum, ordinality) on place.attnum = attribute.attnum
    where attribute.attrelid = registered.oid and attribute.attnum > 0 and not attribute.attisdropped
  ), known as (
    select present.*,
      string_agg(format('when change.id < %s then %L', version.until_id, version.name), ' ' order by version.until_id)
        filter (where version.name <> version.next_name) as names,
      -- Since when a text under its name is one of it: not before it came, nor while it had a type that says something else.
      greatest(
        max(version.until_id) filter (where version.type <> present.own_type and not audit_schema._readable_as(version.type, present.type)),
        nullif(min(version.from_id), (select min(first.from_id) from version as first))) as since,
      registered.digested or coalesce(bool_or(not version.recorded), false) as has_marks
    from present
    left join version on version.attnum = present.attnum
    group by present.attnum, present.name, present.own_type, present.type, present.key_place
  ), texted as (
    select known.*,
      case when known.names is not null then format('case %s else %L end', known.names, known.name) else quote_literal(known.name) end as name_then
    from known
  ), valued as (
    select texted.*,
      case when texted.has_marks
        then format('case when jsonb_typeof(kept.image -> %1$s) = ''string'' then kept.image ->> %1$s end', texted.name_then)
        else format('kept.image ->> %s', texted.name_then)
      end as value,
      case
        when texted.key_place is null then null
        when cardinality(registered.key_columns) = 1 then 'change.key'
        else format('change.key::jsonb ->> %s', texted.key_place - 1)
      end as of_key
    from texted
  ), joined as (
    select valued.*,
      case
        when valued.of_key is null then format('(%s)', valued.value)
        when key_since is null then format('coalesce(%s, %s)', valued.value, valued.of_key)
        else format('coalesce(%s, case when change.id >= %s then %s end)', valued.value, key_since, valued.of_key)
      end as text
    from valued
  )
  select string_agg(format(E',\n  %s as %I',
      case when joined.since is null
        then format('%s::%s', joined.text, joined.type)
        else format('case when change.id >= %s then %s::%s end', joined.since, joined.text, joined.type)
      end, joined.name), '' order by joined.attnum)
  into values_of
  from joined;

  with version as (
    select shape.from_id,
      coalesce(jsonb_object_agg(shape.name, attribute.attname) filter (where shape.name <> attribute.attname), '{}') as names
    from audit_schema.relation_shape as shape
    left join pg_attribute as attribute
      on attribute.attrelid = registered.oid and attribute.attnum = shape.attnum and not attribute.attisdropped
    where shape.relation = registered.id
    group by shape.from_id
  ), stretch as (
    select version.names,
      lead(version.from_id) over versions as until_id,
      lead(version.names) over versions as next_names
    from version
    window versions as (order by version.from_id)
  )
  select format('case %s end', string_agg(
    format('when change.id < %s then %L::jsonb', stretch.until_id, stretch.names), ' ' order by stretch.until_id))
  into renamed
  from stretch
  where stretch.names <> stretch.next_names
  having count(*) > 0;

  return format(
$statement$create or replace view %1$I.%2$I with (security_invoker = true) as
select
  change.id as %3$sid,
  change.at as %3$sat,
  case change.op when 'I' then 'insert' when 'U' then 'update' when 'D' then 'delete' else 'truncate' end as %3$sop,
  change.key as %3$skey,
  change.actor as %3$sactor,
  change.db_user as %3$sdb_user,
  change.xid as %3$stx,
  change.context as %3$scontext,
  case when change.op = 'U' and (change.new is not null or change.old_key is null) then array(
    select %4$s
    from jsonb_each(coalesce(change.new, change.old)) as part
    where change.new is null or jsonb_typeof(part.value) = 'object' or part.value is distinct from change.old -> part.key
  ) end as %3$schanged,
  change.old as %3$sold%5$s
from %1$I.change
cross join lateral (select case when change.op in ('I', 'U') then change.new else change.old end as image) as kept
where change.relation = %6$s$statement$,
    'audit_schema',
    registered.view_name,
    prefix,
    case when renamed is null then 'part.key' else format('coalesce(%s ->> part.key, part.key)', renamed) end,
    values_of,
    registered.id);
end
$function$;
