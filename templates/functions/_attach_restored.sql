-- Takes a segment that was filled from an archive into the log again, and keeps it until an instant. What it holds is
-- counted anew; the horizons of its tables fall to what is still gone. Writers do not wait.
create or replace function audit_schema._attach_restored(restored integer, kept_until timestamptz)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $function$
declare
  span record;
begin
  execute format('select min(id) as first_id, max(id) as last_id, min(at) as first_at, max(at) as last_at, count(*) as changes from %I.%I',
    'audit_schema', 'change_' || restored) into span;

  if not exists (select from pg_inherits where inhrelid = format('%I.%I', 'audit_schema', 'change_' || restored)::regclass) then
    execute format('alter table %I.%I add constraint span_of_time check (at between %L and %L)',
      'audit_schema', 'change_' || restored, span.first_at, span.last_at);
    execute format('alter table %1$I.change attach partition %1$I.%2$I for values in (%3$s)',
      'audit_schema', 'change_' || restored, restored);
    execute format('alter table %I.%I enable always trigger _append_only, enable always trigger _append_only_truncate',
      'audit_schema', 'change_' || restored);
    execute format('alter table %I.%I drop constraint restored_segment', 'audit_schema', 'change_' || restored);
  end if;

  execute format(
    'insert into %1$I.segment_relation as held (segment, relation, changes, first_at, last_at)
     select %3$s, change.relation, count(*), min(change.at), max(change.at)
     from %1$I.%2$I as change
     group by change.relation
     on conflict (segment, relation) do update
     set changes = excluded.changes, first_at = excluded.first_at, last_at = excluded.last_at, gone_at = null',
    'audit_schema', 'change_' || restored, restored);
  update audit_schema.segment
  set state = 'closed', restored_until = kept_until,
      first_id = span.first_id, last_id = span.last_id,
      first_at = span.first_at, last_at = span.last_at,
      changes = span.changes,
      bytes = pg_total_relation_size(format('%I.%I', 'audit_schema', 'change_' || restored)::regclass)
  where segment.id = restored;

  update audit_schema.relation
  set horizon_at = greatest(relation.lost_at, (
    select max(gone.gone_at) from audit_schema.segment_relation as gone where gone.relation = relation.id
  ))
  where exists (
    select from audit_schema.segment_relation as held where held.segment = restored and held.relation = relation.id
  );
end
$function$;
