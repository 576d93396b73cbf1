-- SQL text of the statement that adds changes to the log: `columns` and `expressions` are those of this operation,
-- `source` is where the rows come from, if from anywhere. Origin (without the context where `bare`) and segment are added
-- here.
create or replace function audit_schema._record_statement(
  registered audit_schema.relation, op text, columns text, expressions text, source text, bare boolean default false)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  select format(
$statement$  insert into %1$I.change %2$s (
    relation, op, %3$s,
    actor, db_user, role, application, client_addr, context,
    segment
  )
  select
    %4$s, %5$L::"char", %6$s,
    %7$s,
    %1$I.%8$I()%9$s;
$statement$,
    'audit_schema',
    audit_schema._remark(registered),
    columns,
    registered.id,
    op,
    expressions,
    audit_schema._origin_expressions(registered.keeps_statement, bare),
    '_hot_' || registered.retention,
    E'\n  ' || nullif(source, ''))
$function$;
