-- Puts the seat belt on the log; segments take the row trigger over, as it is switched on, when they are attached.
-- ENABLE ALWAYS, for a session in replica role can write to the log as well; CREATE OR REPLACE takes it back, so it is
-- said anew each time, and on segments that were opened without it.
create or replace trigger _append_only before update or delete on audit_schema.change
  for each row execute function audit_schema._append_only();
create or replace trigger _append_only_truncate before truncate on audit_schema.change
  for each statement execute function audit_schema._append_only();
do $do$
declare
  guard record;
begin
  for guard in
    select class.relname as segment, trigger.tgname as name
    from pg_catalog.pg_trigger as trigger
    join pg_catalog.pg_class as class on class.oid = trigger.tgrelid
    where trigger.tgrelid in (
        select 'audit_schema.change'::pg_catalog.regclass
        union all
        select member.inhrelid
        from pg_catalog.pg_inherits as member
        where member.inhparent = 'audit_schema.change'::pg_catalog.regclass
      )
      and trigger.tgname in ('_append_only', '_append_only_truncate')
      and trigger.tgenabled <> 'A'
    order by class.relkind <> 'p'
  loop
    execute pg_catalog.format('alter table %I.%I enable always trigger %I', 'audit_schema', guard.segment, guard.name);
  end loop;
end
$do$;
