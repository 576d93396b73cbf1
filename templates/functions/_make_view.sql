-- Makes the history view of a table, or makes it anew where it is not as it should be; nothing where the table has none.
-- In place where that can be: what else is built on it, and who may read it, stays. Where a column went, or has another
-- name or type, it is dropped and made, and those who could read it still can; that fails where something is built on it.
create or replace function audit_schema._make_view(relation integer)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $function$
declare
  registered audit_schema.relation;
  statement text;
  named text;
  own name;
  existing oid;
  grants text[] := '{}';
  remark record;
begin
  select registry.* into registered from audit_schema.relation as registry where registry.id = _make_view.relation;
  if registered.view_name is null or registered.dropped_at is not null then
    return;
  end if;
  statement := audit_schema._view_statement(registered);
  named := format('%I.%I', 'audit_schema', registered.view_name);
  -- A table that is gone gives its view's name to one that comes after it.
  update audit_schema.relation as gone set view_name = null, view_made = null
  where gone.view_name = registered.view_name and gone.dropped_at is not null;
  if found then
    execute format('drop view if exists %s', named);
  end if;
  existing := to_regclass(named);
  if existing is not null and registered.view_made is null then
    raise exception using
      errcode = 'UA008',
      message = format('%s is there already, and is not the view of %I.%I', named, registered.schema_name, registered.table_name),
      hint = 'Choose another name for it with --view-name.';
  end if;

  begin
    execute statement;
  exception
    when invalid_table_definition then
      grants := array(
        select format('grant %s on %s to %s%s', granted.privilege_type, named,
          case granted.grantee when 0 then 'public' else granted.grantee::regrole::text end,
          case when granted.is_grantable then ' with grant option' else '' end)
        from pg_class as class, aclexplode(class.relacl) as granted
        where class.oid = existing and granted.grantee <> class.relowner
      );
      execute format('drop view %s', named);
      execute statement;
      existing := null;
  end;

  if existing is null then
    -- Others own nothing here, and have no privileges by default to take away.
    if has_function_privilege(format('%I._shut(regclass, oid, oid)', 'audit_schema'), 'execute') then
      perform audit_schema._shut('pg_class', named::regclass, null);
    end if;
    foreach statement in array grants loop
      execute statement;
    end loop;
    -- only where it may look into the schema: another installation may have made the role
    if exists (
      select
      from pg_roles as reader
      join pg_namespace as namespace on namespace.nspname = 'audit_schema'
      where reader.rolname = 'audit_reader' and has_schema_privilege(reader.oid, namespace.oid, 'usage')
    ) then
      execute format('grant select on %s to audit_reader', named);
    end if;
  end if;

  execute format('comment on view %s is %L', named, format(
    'The history of %I.%I, kept by pgtrail: one row per change. Columns are as after it, or before it where the row went; of an update those that did not change are NULL, unless whole rows are kept (--images full).',
    registered.schema_name, registered.table_name));
  for remark in
    select attribute.attname as name, said.text
    from pg_attribute as attribute
    join (values
      (1, 'Number of the change.'),
      (2, 'When the change was recorded.'),
      (3, 'insert, update, delete or truncate.'),
      (4, 'The row''s key as text, several columns as a JSON array: indexed, so narrow to one row by it.'),
      (5, 'Who, as claimed by the application (setting audit.actor).'),
      (6, 'Who, as the server knows: the session user.'),
      (7, 'The transaction.'),
      (8, 'Free facts of the application (setting audit.context).'),
      (9, 'Of an update the columns that changed, by today''s names; null where that was not kept.'),
      (10, 'The former values that were kept, as text, by the names columns had then.')
    ) as said (attnum, text) on said.attnum = attribute.attnum
    where attribute.attrelid = named::regclass
  loop
    execute format('comment on column %s.%I is %L', named, remark.name, remark.text);
  end loop;

  -- So that DDL, which is followed with the rights of audit_ddl, can bring it along.
  select role.rolname into own
  from pg_class as class
  join pg_roles as role on role.oid = class.relowner
  where class.oid = named::regclass;
  if own <> 'audit_ddl' and registered.capture = 'generated' then
    begin
      execute format('alter view %s owner to audit_ddl', named);
    exception
      when insufficient_privilege or undefined_object then null;
    end;
  end if;
  update audit_schema.relation set view_made = md5(audit_schema._view_statement(registered)) where id = registered.id;
end
$function$;
