-- Who may do what with our objects, where the roles exist: audit_writer and audit_truncate may add to the log and
-- nothing else, audit_ddl keeps the registry and the trigger functions in step with DDL, audit_reader reads.
grant usage on schema audit_schema to audit_writer, audit_truncate, audit_ddl, audit_reader;
grant create on schema audit_schema to audit_ddl;
grant usage on sequence audit_schema.change_id to audit_writer, audit_truncate, audit_ddl;
grant insert on audit_schema.change to audit_writer, audit_truncate;
grant select on audit_schema.relation, audit_schema.relation_shape, audit_schema.coverage to audit_ddl;
grant update on audit_schema.relation, audit_schema.coverage to audit_ddl;
grant insert on audit_schema.relation_shape, audit_schema.coverage to audit_ddl;
grant select on audit_schema.installation, audit_schema.retention, audit_schema.defaults, audit_schema.segment, audit_schema.relation,
  audit_schema.relation_shape, audit_schema.coverage, audit_schema.segment_relation, audit_schema.archive, audit_schema.hold, audit_schema.tag,
  audit_schema.operation, audit_schema.change, audit_schema.history to audit_reader;
do $do$
declare
  helper text;
  hot text;
begin
  -- Made by an installation that had no roles yet; later ones get the grant as they are made.
  for hot in
    select function.oid::pg_catalog.regprocedure::text
    from pg_catalog.pg_proc as function
    where function.pronamespace = 'audit_schema'::pg_catalog.regnamespace and function.proname ~ '^_hot_[0-9]+$'
  loop
    execute pg_catalog.format('grant execute on function %s to audit_writer, audit_truncate', hot);
  end loop;
  for helper in
    select function.oid::pg_catalog.regprocedure::text
    from pg_catalog.pg_proc as function
    where function.pronamespace = 'audit_schema'::pg_catalog.regnamespace
      and function.prorettype not in ('trigger'::pg_catalog.regtype, 'event_trigger'::pg_catalog.regtype)
      and function.proname !~ '^_(hot_[0-9]+|rows_[0-9]+|open_segment|close_segment|let_go|lay_restored|attach_restored|shut)$'
  loop
    execute pg_catalog.format('grant execute on function %s to audit_writer, audit_truncate, audit_ddl, audit_reader', helper);
  end loop;
end
$do$;
