-- The TRUNCATE trigger function of one table, as SQL. "capture" keeps every row, "record" the event alone,
-- "forbid" refuses. TRUNCATE ignores snapshots: outside READ COMMITTED it would remove rows that the capture
-- cannot see, so there capture refuses.
create or replace function audit_schema._truncate_function(registered audit_schema.relation)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  select audit_schema._trigger_function(registered, 'truncate', '', case registered.on_truncate
    when 'forbid' then
$body$  raise exception using
    errcode = 'UA005',
    message = format('audit: TRUNCATE of %I.%I is forbidden', tg_table_schema, tg_table_name),
    hint = 'Use DELETE, or allow it with: audit enable <table> --on-truncate capture';
$body$
    when 'record' then
      audit_schema._record_statement(registered, 'T', 'key', 'null', '') || E'  return null;\n'
    else format(
$body$  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception using
      errcode = 'UA005',
      message = format('audit: TRUNCATE of %%I.%%I cannot be recorded in a %%s transaction', tg_table_schema, tg_table_name, current_setting('transaction_isolation')),
      detail = 'TRUNCATE also removes rows that the snapshot of this transaction cannot see; their loss would go unrecorded.',
      hint = 'Truncate in a READ COMMITTED transaction, use DELETE, or choose: audit enable <table> --on-truncate record';
  end if;
  if %1$I._rows_owner_differs(tg_relid, %2$s) then
    raise exception using
      errcode = 'UA005',
      message = format('audit: TRUNCATE of %%I.%%I cannot be recorded, for the table has got another owner', tg_table_schema, tg_table_name),
      hint = 'Tell the audit trail of it: audit sync. Until then use DELETE.';
  end if;
  execute %1$I._truncate_statement(tg_relid, %3$L);
  return null;
$body$, 'audit_schema', registered.id, (to_jsonb(registered) - '{oid,partitions,sight,horizon_at,dropped_at,enabled}'::text[])::text)
    end, E'\nset row_security = off')
$function$;
