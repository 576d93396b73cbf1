-- The TRUNCATE trigger function of one table, as SQL. "capture" keeps every row, "record" the event alone,
-- "forbid" refuses. TRUNCATE ignores snapshots: outside READ COMMITTED it would remove rows that the capture
-- cannot see, so there capture refuses.
create or replace function audit_schema._truncate_function(
  relation integer, key_columns smallint[], excluded smallint[], globs text[], retention integer, on_truncate text)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  select format(
$declaration$create or replace function %1$I.%2$I()
returns trigger
language plpgsql
volatile
security definer
%3$s
set row_security = off
as %4$L;$declaration$,
    'audit_schema',
    '_truncate_' || relation,
    audit_schema._pinned_settings(),
    case on_truncate
      when 'forbid' then
$body$
begin
  raise exception using
    errcode = 'UA005',
    message = format('audit: TRUNCATE of %I.%I is forbidden', tg_table_schema, tg_table_name),
    hint = 'Use DELETE, or allow it with: audit enable <table> --on-truncate capture';
end
$body$
      when 'record' then format(
$body$
begin
  insert into %1$I.change (
    relation, op,
    actor, db_user, role, application, client_addr, context,
    segment
  ) values (
    %2$s, 'T',
    %3$s,
    %1$I.%4$I()
  );
  return null;
end
$body$, 'audit_schema', relation, audit_schema._origin_expressions(), '_hot_' || retention)
      else format(
$body$
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception using
      errcode = 'UA005',
      message = format('audit: TRUNCATE of %%I.%%I cannot be recorded in a %%s transaction', tg_table_schema, tg_table_name, current_setting('transaction_isolation')),
      detail = 'TRUNCATE also removes rows that the snapshot of this transaction cannot see; their loss would go unrecorded.',
      hint = 'Truncate in a READ COMMITTED transaction, use DELETE, or choose: audit enable <table> --on-truncate record';
  end if;
  execute %1$I._truncate_statement(tg_relid, %2$s, %3$L, %4$L, %5$L, %6$s);
  return null;
end
$body$, 'audit_schema', relation, key_columns, excluded, globs, retention)
    end)
$function$;
