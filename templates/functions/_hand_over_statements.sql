-- The statements that give the function which reads a table for TRUNCATE capture to the table's owner, and nobody but
-- `caller` the right to call it. An owner needs CREATE on the schema at that moment, and not afterwards.
create or replace function audit_schema._hand_over_statements(relation integer, audited oid, caller text)
returns setof text
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  with given as (
    select format('%I.%I(text)', 'audit_schema', '_rows_' || relation) as function, role.rolname as owner,
      has_schema_privilege(role.oid, (select oid from pg_namespace where nspname = 'audit_schema'), 'create') as may_create
    from pg_class as class
    join pg_roles as role on role.oid = class.relowner
    where class.oid = audited
  )
  select statement.text
  from given, unnest(array[
    format('select %I._shut(''pg_proc'', %L::regprocedure, null);', 'audit_schema', given.function),
    case when caller is not null then format('grant execute on function %s to %I;', given.function, caller) end,
    case when not given.may_create then format('grant create on schema %I to %I;', 'audit_schema', given.owner) end,
    format('alter function %s owner to %I;', given.function, given.owner),
    case when not given.may_create then format('revoke create on schema %I from %I;', 'audit_schema', given.owner) end
  ]) as statement (text)
  where statement.text is not null
$function$;
