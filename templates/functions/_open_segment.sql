-- Opens a new hot segment for a retention class and points the triggers at it; the former one, if any, starts to
-- close. Writers do not wait: ATTACH of an empty table lets inserts through, and replacing the one-line function
-- makes every cached plan follow. Returns the new segment's number.
create or replace function audit_schema._open_segment(retention integer)
returns integer
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $function$
declare
  opened integer;
  log_owner name;
begin
  select coalesce(max(segment.id), 0) + 1 into opened from audit_schema.segment;
  select role.rolname into log_owner
  from pg_class as class join pg_roles as role on role.oid = class.relowner
  where class.oid = 'audit_schema.change'::regclass;

  update audit_schema.segment
  set state = 'closing'
  where segment.retention = _open_segment.retention and segment.state = 'hot';
  insert into audit_schema.segment (id, retention, era)
  select opened, _open_segment.retention, max(installation.era)
  from audit_schema.installation;
  update audit_schema.retention set hot_segment = opened where retention.id = _open_segment.retention;

  execute format('create table %I.%I (like %I.change including defaults including constraints)',
    'audit_schema', 'change_' || opened, 'audit_schema');
  execute format('comment on table %I.%I is %L',
    'audit_schema', 'change_' || opened, 'One segment of the log. Read it through "change".');
  execute format('alter table %I.%I owner to %I', 'audit_schema', 'change_' || opened, log_owner);
  perform audit_schema._shut('pg_class', format('%I.%I', 'audit_schema', 'change_' || opened)::regclass, null);
  execute format('create trigger _append_only_truncate before truncate on %I.%I for each statement execute function %I._append_only()',
    'audit_schema', 'change_' || opened, 'audit_schema');
  execute format('alter table %1$I.change attach partition %1$I.%2$I for values in (%3$s)',
    'audit_schema', 'change_' || opened, opened);
  -- ALWAYS, as on the log: a session in replica role can write to it as well
  execute format('alter table %I.%I enable always trigger _append_only, enable always trigger _append_only_truncate',
    'audit_schema', 'change_' || opened);

  execute format('create or replace function %I.%I() returns integer language sql immutable as %L',
    'audit_schema', '_hot_' || _open_segment.retention, 'select ' || opened);
  perform audit_schema._shut('pg_proc', format('%I.%I()', 'audit_schema', '_hot_' || _open_segment.retention)::regprocedure, null);
  if (select installation.roles from audit_schema.installation order by installation.era desc limit 1) then
    execute format('grant execute on function %I.%I() to audit_writer, audit_truncate',
      'audit_schema', '_hot_' || _open_segment.retention);
  end if;
  return opened;
end
$function$;
