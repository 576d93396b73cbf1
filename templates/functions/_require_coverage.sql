-- Raises where a table's state at an instant cannot be rebuilt: never audited (UA001), not audited any more, or
-- the instant lies before the coverage that reaches to now (UA003). The message names the oldest possible instant.
create or replace function audit_schema._require_coverage(relation integer, audited oid, instant timestamptz)
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $function$
declare
  named text := audited::regclass::text;
  oldest record;
  archives text;
begin
  if relation is null then
    raise exception using
      errcode = 'UA001',
      message = format('%s is not audited, so nothing is known of its past', named),
      hint = format('Start now: audit enable %s', named);
  end if;

  if (select registered.key_columns = '{}' from audit_schema.relation as registered where registered.id = relation) then
    raise exception using
      errcode = 'UA003',
      message = format('%s is audited without a key, so its rows cannot be told apart and its past cannot be rebuilt', named),
      hint = format('Its changes can be read: audit history %1$s. With a key it has a past from then on: audit enable %1$s --key <columns>', named);
  end if;

  select * into oldest from audit_schema._oldest_instant(relation);
  if oldest.at is null then
    raise exception using
      errcode = 'UA003',
      message = format('auditing of %s ended at %s (%s), so its present rows no longer lead back', named, oldest.ended_at, oldest.reason),
      hint = format('Its changes up to then can still be read: audit history %s', named);
  end if;
  if instant < oldest.at then
    select string_agg(distinct archive.target, ' and ' order by archive.target) into archives
    from audit_schema.relation as registered
    join audit_schema.coverage on coverage.relation = registered.id and coverage.until_id is null
    join audit_schema.segment_relation as gone on gone.relation = registered.id
    join audit_schema.archive on archive.segment = gone.segment
    where registered.id = _require_coverage.relation and gone.gone_at > instant
      and coverage.from_at <= instant and coalesce(registered.lost_at <= instant, true);
    raise exception using
      errcode = 'UA003',
      message = format('%s cannot be shown as of %s: %s', named, instant, oldest.reason),
      hint = format('The oldest possible instant is %s.', oldest.at)
        || coalesce(' What was before lies in ' || archives || ': read it with --archive, or bring it back with audit archive restore.', '');
  end if;
  if exists (
    select
    from unnest('{insert,update,delete}'::text[]) as operation
    where not exists (
      select from pg_trigger as trigger
      where trigger.tgrelid = audited
        and trigger.tgname = audit_schema._trigger_name(operation, relation)
        and trigger.tgenabled in ('O', 'A')
    )
  ) then
    raise exception using
      errcode = 'UA003',
      message = format('%s cannot be shown as of %s: an audit trigger of it is gone or switched off, so changes are missing since an unknown time', named, instant),
      hint = format('Put it back with: audit enable %s', named);
  end if;
end
$function$;
