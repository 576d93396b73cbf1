-- Closes a segment that nobody writes to any more: counts what it holds of each table, notes when the last of those who
-- wrote it were done, so that dropping it need not look for that, and states its span of time as a constraint, by which the planner passes it over. Call it only once every transaction older than
-- closing_xid is gone (pg_snapshot_xmin). Readers and writers of other segments are not held up by the scan.
create or replace function audit_schema._close_segment(closed integer)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $function$
declare
  span record;
begin
  if not exists (
    select from audit_schema.segment
    where segment.id = closed
      and segment.state = 'closing'
      and segment.closing_xid <= pg_snapshot_xmin(pg_current_snapshot())
  ) then
    raise exception using
      errcode = 'UA005',
      message = format('audit: segment %s cannot be closed yet', closed),
      hint = 'A transaction from before the rotation is still running. Run audit prune again when it has ended.';
  end if;

  execute format(
    'insert into %1$I.segment_relation (segment, relation, changes, first_at, last_at, settled_at)
     select %3$s, held.*, horizon.at
     from (
       select change.relation, count(*), min(change.at), max(change.at)
       from %1$I.%2$I as change
       group by change.relation
     ) as held
     join %1$I._horizons(%3$s, ''infinity'') as horizon on horizon.relation = held.relation', 'audit_schema', 'change_' || closed, closed);
  execute format('select min(id) as first_id, max(id) as last_id, min(at) as first_at, max(at) as last_at, count(*) as changes from %I.%I',
    'audit_schema', 'change_' || closed) into span;

  if span.changes > 0 then
    execute format('alter table %I.%I add constraint span_of_time check (at between %L and %L) not valid',
      'audit_schema', 'change_' || closed, span.first_at, span.last_at);
    execute format('alter table %I.%I validate constraint span_of_time', 'audit_schema', 'change_' || closed);
  end if;

  update audit_schema.segment
  set state = 'closed',
      first_id = span.first_id, last_id = span.last_id,
      first_at = span.first_at, last_at = span.last_at,
      changes = span.changes,
      bytes = pg_total_relation_size(format('%I.%I', 'audit_schema', 'change_' || closed)::regclass)
  where segment.id = closed;
end
$function$;
