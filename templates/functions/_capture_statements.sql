-- The statements that put capture on a table, in order: functions, triggers, owners, grants. The same text is
-- executed by enable, printed by its --dry-run, and used to mend. Triggers before owners: creating a trigger
-- needs EXECUTE, which nobody keeps afterwards.
create or replace function audit_schema._capture_statements(registered audit_schema.relation, roles boolean)
returns setof text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $function$
declare
  functions constant text[] := array(
    select format('%I.%I()', 'audit_schema', format('_%s_%s', operation, registered.id))
    from unnest('{insert,update,delete}'::text[]) as operation
  );
  truncate_function constant text := format('%I.%I()', 'audit_schema', '_truncate_' || registered.id);
  former_function constant oid := to_regprocedure(format('%I.%I()', 'audit_schema', '_row_' || registered.id));
  member record;
begin
  registered := audit_schema._settled(registered);
  return next audit_schema._insert_function(registered);
  return next audit_schema._update_function(registered);
  return next audit_schema._delete_function(registered);
  return next audit_schema._truncate_function(registered);
  return next audit_schema._rows_function(registered);
  -- Version 0.1 had one trigger for all operations.
  if former_function is not null then
    return query
    select format('drop trigger %I on %I.%I;', trigger.tgname, namespace.nspname, class.relname)
    from pg_trigger as trigger
    join pg_class as class on class.oid = trigger.tgrelid
    join pg_namespace as namespace on namespace.oid = class.relnamespace
    where trigger.tgparentid = 0 and trigger.tgfoid = former_function;
    return next format('drop function %I.%I();', 'audit_schema', '_row_' || registered.id);
  end if;
  return query select audit_schema._change_triggers(registered);
  for member in
    select class.oid, format('%I.%I', namespace.nspname, class.relname) as name
    from (select registered.oid as oid union select tree.relid from pg_partition_tree(registered.oid) as tree) as truncatable
    join pg_class as class on class.oid = truncatable.oid and class.relkind in ('r', 'p')
    join pg_namespace as namespace on namespace.oid = class.relnamespace
    order by truncatable.oid <> registered.oid, 2
  loop
    return next format(
      'create or replace trigger %I before truncate on %s for each statement execute function %s;',
      audit_schema._trigger_name('truncate', registered.id), member.name, truncate_function);
    -- CREATE OR REPLACE takes ALWAYS off again; on a partitioned table it reaches the clones.
    if registered.always then
      return query
      select format('alter table %s enable always trigger %I;', member.name, audit_schema._trigger_name(operation, registered.id))
      from unnest(case when member.oid = registered.oid then '{insert,update,delete,truncate}'::text[] else '{truncate}' end) as operation;
    end if;
  end loop;
  return query
  select format('select %I._shut(''pg_proc'', %L::regprocedure, %s);', 'audit_schema', name, case when class.relkind = 'p' then format('%L::regrole', class.relowner::regrole) else 'null' end)
  from unnest(functions || truncate_function) as name, pg_class as class
  where class.oid = registered.oid;
  if (select class.relkind = 'p' from pg_class as class where class.oid = registered.oid) then
    return query select audit_schema._clone_grants(registered.id, registered.oid);
  end if;
  return query select audit_schema._hand_over_statements(registered.id, registered.oid, case when roles then 'audit_truncate' end);
  if roles then
    return query
    select format('alter function %I.%I() owner to audit_writer;', 'audit_schema', format('_%s_%s', operation, registered.id))
    from unnest('{insert,update,delete}'::text[]) as operation;
    return next format('alter function %s owner to audit_truncate;', truncate_function);
    return query select audit_schema._table_grants(registered);
  end if;
end
$function$;
