-- The version of a table's shape (relation_shape.from_id) that was in force at an instant: the newest one written down by a
-- transaction that was done by then, by the rules of _undone; the oldest there is where all of them are younger. DDL that was
-- in progress has not happened yet, like the other writes of its transaction.
create or replace function audit_schema._shape_at(relation integer, instant timestamptz, tag text)
returns bigint
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO, YMD'
as $function$
declare
  oldest bigint;
  version record;
  done boolean;
begin
  select min(shape.from_id) into oldest from audit_schema.relation_shape as shape where shape.relation = _shape_at.relation;

  if tag is not null then
    return (
      select coalesce(max(shape.from_id), oldest)
      from audit_schema.tag as named
      join audit_schema.installation on installation.era = named.era
      join audit_schema.relation_shape as shape on shape.relation = _shape_at.relation and shape.from_id < named.id
      where named.name = _shape_at.tag
        and (shape.from_id < installation.first_id or shape.xid is null or pg_visible_in_snapshot(shape.xid, named.snapshot))
    );
  end if;

  for version in
    select distinct shape.from_id, shape.xid
    from audit_schema.relation_shape as shape
    where shape.relation = _shape_at.relation and shape.from_at <= instant and shape.from_id > oldest
    order by shape.from_id desc
  loop
    -- Transaction ids mean something within one era only.
    select not exists (
      select from audit_schema.change
      where change.at > instant and change.id > version.from_id and change.xid = version.xid
        and change.id < coalesce(
          (select min(next_era.first_id) from audit_schema.installation as next_era where next_era.first_id > version.from_id),
          9223372036854775807)
    ) into done;
    if current_setting('track_commit_timestamp')::boolean and version.xid is not null
      and version.from_id >= (select max(installation.first_id) from audit_schema.installation) then
      execute format('select coalesce(%s <= $2, $3)', audit_schema._commit_time('$1')) into done using version.xid, instant, done;
    end if;
    if done then
      return version.from_id;
    end if;
  end loop;
  return oldest;
end
$function$;
