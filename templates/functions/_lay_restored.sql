-- Makes the table for a segment that is to be brought back from an archive. It is no part of the log before
-- _attach_restored: while it is filled and indexed nobody waits. Its check spares ATTACH a look at every row.
create or replace function audit_schema._lay_restored(restored integer)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $function$
declare
  log_owner name;
begin
  select role.rolname into log_owner
  from pg_class as class join pg_roles as role on role.oid = class.relowner
  where class.oid = 'audit_schema.change'::regclass;

  execute format('create table %I.%I (like %I.change including defaults including constraints, constraint restored_segment check (segment = %s))',
    'audit_schema', 'change_' || restored, 'audit_schema', restored);
  execute format('comment on table %I.%I is %L',
    'audit_schema', 'change_' || restored, 'One segment of the log. Read it through "change".');
  execute format('alter table %I.%I owner to %I', 'audit_schema', 'change_' || restored, log_owner);
  perform audit_schema._shut('pg_class', format('%I.%I', 'audit_schema', 'change_' || restored)::regclass, null);
  execute format('create trigger _append_only_truncate before truncate on %I.%I for each statement execute function %I._append_only()',
    'audit_schema', 'change_' || restored, 'audit_schema');
end
$function$;
