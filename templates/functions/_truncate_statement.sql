-- SQL text that records every row of a table (of one partition, where only that is truncated) as it is found at
-- that moment, as changes of kind T. Made anew for each TRUNCATE, so that no DDL can break it.
create or replace function audit_schema._truncate_statement(
  truncated oid, relation integer, key_columns smallint[], excluded smallint[], globs text[], retention integer)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  select format(
$statement$insert into %1$I.change (
  relation, op, key, old,
  actor, db_user, role, application, client_addr, context,
  old_tid, segment
)
select
  %2$s, 'T', %3$s, %4$s,
  %5$s,
  truncated.ctid, %1$I.%6$I()
from %7$s %8$I.%9$I as truncated$statement$,
    'audit_schema',
    relation,
    audit_schema._key_expression(audited.oid, key_columns, 'truncated.'),
    audit_schema._image_expression(audited.oid, audit_schema._excluded_columns(audited.oid, excluded, globs), 'truncated.'),
    audit_schema._origin_expressions(),
    '_hot_' || retention,
    case when class.relkind = 'p' then '' else 'only' end,
    namespace.nspname,
    class.relname)
  from audit_schema._audited_table(truncated, relation) as audited (oid),
    pg_class as class
  join pg_namespace as namespace on namespace.oid = class.relnamespace
  where class.oid = truncated
$function$;
