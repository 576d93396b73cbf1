-- Keeps the log append-only for everyone who may write to it by rights of ownership: a seat belt, not a lock, for
-- the owner can drop it. prune and erase say what they are about by the setting audit.maintenance.
create or replace function audit_schema._append_only()
returns trigger
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $function$
begin
  if current_setting('audit.maintenance', true) is distinct from 'prune' then
    raise exception using
      errcode = 'UA005',
      message = format('audit: %s of the log is refused, it is append-only', tg_op),
      hint = 'Old changes go by retention: audit retention set, then audit prune.';
  end if;
  if tg_op = 'TRUNCATE' then
    return null;
  end if;
  return case when tg_op = 'DELETE' then old else new end;
end
$function$;
