-- Follows DDL inside its own transaction: names, columns, drops. Called by the event triggers for every command;
-- compares all audited tables with the catalog rather than trusting the object that is reported, because a
-- column can go with its type, and a type can change its name, without a word about the table.
create or replace function audit_schema._on_ddl()
returns event_trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $function$
declare
  audited record;
  current_names record;
  boundary bigint;
  statement text;
begin
  -- What is dropped is told by sql_drop, whatever took it along.
  if tg_event = 'ddl_command_end' and (
    tg_tag in ('GRANT', 'REVOKE', 'COMMENT', 'SECURITY LABEL', 'ALTER DEFAULT PRIVILEGES', 'REINDEX',
      'ALTER FUNCTION', 'ALTER PROCEDURE', 'ALTER ROUTINE', 'ALTER TRIGGER', 'ALTER POLICY')
    or tg_tag like 'DROP %'
    or (tg_tag like 'CREATE %' and tg_tag <> 'CREATE EXTENSION')
  ) then
    return;
  end if;
  if tg_event = 'sql_drop' and not exists (
    select from pg_event_trigger_dropped_objects() as dropped
    where dropped.object_type in ('table', 'table column') and not dropped.is_temporary
  ) then
    return;
  end if;

  for statement in
    select grants.statement
    from audit_schema.relation
    left join pg_class as class on class.oid = relation.oid
    cross join audit_schema._clone_grants(relation.id, relation.oid) as grants (statement)
    where relation.enabled and relation.dropped_at is null and class.relkind is distinct from 'r'
  loop
    execute statement;
  end loop;

  for audited in
    select relation.*
    from audit_schema.relation
    where relation.dropped_at is null
    order by relation.id
  loop
    select namespace.nspname, class.relname into current_names
    from pg_class as class
    join pg_namespace as namespace on namespace.oid = class.relnamespace
    where class.oid = audited.oid;

    if not found then
      boundary := nextval('audit_schema.change_id');
      update audit_schema.relation set dropped_at = clock_timestamp(), enabled = false where id = audited.id;
      update audit_schema.coverage
      set until_id = boundary, until_at = clock_timestamp(), off_reason = 'the table was dropped'
      where relation = audited.id and until_id is null;
      continue;
    end if;

    if (current_names.nspname, current_names.relname) is distinct from (audited.schema_name, audited.table_name) then
      update audit_schema.relation
      set schema_name = current_names.nspname, table_name = current_names.relname
      where id = audited.id;
    end if;

    audited.excluded := audit_schema._excluded_columns(audited.oid, audited.excluded, audited.exclude);
    if audit_schema._record_shape(audited.id, audited.oid, audited.excluded) and audited.enabled then
      update audit_schema.relation set excluded = audited.excluded where id = audited.id;
      execute audit_schema._row_function(
        audited.id, audited.oid, audited.key_columns, audited.excluded, audited.exclude, audited.retention, audited.capture = 'guarded');

      if exists (
        select from unnest(audited.key_columns) as key_column (attnum)
        where not exists (
          select from pg_attribute as attribute
          where attribute.attrelid = audited.oid and attribute.attnum = key_column.attnum and not attribute.attisdropped
        )
      ) then
        boundary := nextval('audit_schema.change_id');
        update audit_schema.coverage
        set until_id = boundary, until_at = clock_timestamp(), off_reason = 'a key column was dropped'
        where relation = audited.id and until_id is null;
      end if;
    end if;
  end loop;
end
$function$;
