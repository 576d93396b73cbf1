-- The statements that put capture on a table, in order: functions, their owners, triggers. The same text is
-- executed by enable, printed by its --dry-run, and used to mend. Triggers before owners: creating a trigger
-- needs EXECUTE, which nobody keeps afterwards.
create or replace function audit_schema._capture_statements(
  relation integer, audited oid, key_columns smallint[], excluded smallint[], globs text[],
  retention integer, on_truncate text, guarded boolean, roles boolean)
returns setof text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $function$
declare
  qualified text;
  member record;
begin
  select format('%I.%I', namespace.nspname, class.relname) into qualified
  from pg_class as class join pg_namespace as namespace on namespace.oid = class.relnamespace
  where class.oid = audited;

  return next audit_schema._row_function(relation, audited, key_columns, excluded, globs, retention, guarded);
  return next audit_schema._truncate_function(relation, key_columns, excluded, globs, retention, on_truncate);
  return next format(
    'create or replace trigger %I after insert or update or delete on %s for each row execute function %I.%I();',
    '00_' || 'audit_schema' || '_row_' || relation, qualified, 'audit_schema', '_row_' || relation);
  for member in
    select format('%I.%I', namespace.nspname, class.relname) as name
    from (select audited as oid union select tree.relid from pg_partition_tree(audited) as tree) as truncatable
    join pg_class as class on class.oid = truncatable.oid and class.relkind in ('r', 'p')
    join pg_namespace as namespace on namespace.oid = class.relnamespace
    order by truncatable.oid <> audited, 1
  loop
    return next format(
      'create or replace trigger %I before truncate on %s for each statement execute function %I.%I();',
      '00_' || 'audit_schema' || '_truncate_' || relation, member.name, 'audit_schema', '_truncate_' || relation);
  end loop;
  return next format('revoke execute on function %1$I.%2$I(), %1$I.%3$I() from public;',
    'audit_schema', '_row_' || relation, '_truncate_' || relation);
  return query select audit_schema._clone_grants(relation, audited);
  if roles then
    return next format('alter function %I.%I() owner to audit_writer;', 'audit_schema', '_row_' || relation);
    return next format('alter function %I.%I() owner to audit_truncate;', 'audit_schema', '_truncate_' || relation);
    if on_truncate = 'capture' then
      return query select audit_schema._truncate_grants(audited);
    end if;
  end if;
end
$function$;
