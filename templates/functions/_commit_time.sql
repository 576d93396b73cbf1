-- SQL text of the time at which a transaction (an xid8 expression) was committed; null where the server does not know it.
-- The server's function takes 32 bits: what is further back than half of them would be taken for another transaction.
create or replace function audit_schema._commit_time(transaction text)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  select format(
    'case when %1$s::text::numeric > %2$s then pg_catalog.pg_xact_commit_timestamp(%1$s::pg_catalog.xid) end',
    transaction,
    pg_snapshot_xmax(pg_current_snapshot())::text::numeric - 2000000000)
$function$;
