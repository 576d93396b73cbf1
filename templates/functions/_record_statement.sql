-- SQL text of the statement that adds changes to the log: `columns` and `expressions` are those of this operation,
-- `source` is where the rows come from, if from anywhere. Origin (without the context where `bare`) and segment are added
-- here. The remark in it costs nothing and stands in the context of the error, where a change cannot be recorded and
-- the write fails with it.
create or replace function audit_schema._record_statement(
  registered audit_schema.relation, op text, columns text, expressions text, source text, bare boolean default false)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  select format(
$statement$  insert into %1$I.change /* audit: the change of %2$s could not be recorded, so the write is refused. Too large a row: audit enable %2$s --exclude <column> or --oversize digest. Anything else: audit check */ (
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
    -- a name must not end the remark, nor begin one within it
    replace(replace(format('%I.%I', registered.schema_name, registered.table_name), '*/', '* /'), '/*', '/ *'),
    columns,
    registered.id,
    op,
    expressions,
    audit_schema._origin_expressions(registered.keeps_statement, bare),
    '_hot_' || registered.retention,
    E'\n  ' || nullif(source, ''))
$function$;
