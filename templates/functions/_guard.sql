-- The beginning of a trigger function where DDL is not followed by event triggers: it looks at each row whether the
-- table still has the columns it was made for, and where not, describes the row by the catalog of that moment and
-- records it so. Empty where event triggers make the functions anew.
create or replace function audit_schema._guard(registered audit_schema.relation, operation text)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  select case when registered.capture <> 'guarded' then '' else format(
$guard$  if %1$I._fingerprint %4$s (tg_relid) <> %2$L then
%3$s    return null;
  end if;
$guard$,
    'audit_schema',
    audit_schema._fingerprint(registered.oid),
    case operation
      when 'insert' then
        format(E'    execute %I._describe_expression(tg_relid, %L, true) into key_text, new_image using new;\n', 'audit_schema', described.settings)
          || case when registered.images = 'lean' then E'    new_image := null;\n' else '' end
          || audit_schema._record_statement(registered, 'I', 'key, new, new_tid', 'key_text, new_image, ' || audit_schema._new_place(false), '')
      when 'delete' then
        format(E'    execute %I._describe_expression(tg_relid, %L, true) into old_key_text, old_image using old;\n', 'audit_schema', described.settings)
          || audit_schema._record_statement(registered, 'D', 'key, old, old_tid', 'old_key_text, old_image, ' || audit_schema._old_place(false), '')
      else
        format(
$update$    execute %1$I._describe_expression(tg_relid, %2$L, false) into old_key_text, old_image using old;
    execute %1$I._describe_expression(tg_relid, %2$L, false) into key_text, new_image using new;
%3$s    if old_image = new_image%4$s then
      perform %1$I._note_move(tg_relid, old.ctid, new.ctid, old.xmin, new.xmax);
      return null;
    end if;
    if old_key_text = key_text then
      old_key_text := null;
    end if;
%5$s%6$s$update$,
          'audit_schema', described.settings,
          case when redacts.any_column then
            format(E'    execute %I._hidden_expression(tg_relid, %L) into hidden using old, new;\n', 'audit_schema', described.settings)
            else '' end,
          case when redacts.any_column then ' and hidden = ''{}''' else '' end,
          case registered.images
            when 'full' then ''
            else format(
$parts$    changed := array(select part.key from jsonb_each(new_image) as part where part.value is distinct from old_image -> part.key);
    new_image := %1$s;
    if old_key_text is null then
      old_image := %2$I._difference(old_image, changed);
    end if;
$parts$,
              case when registered.images = 'lean' then 'null' else format('%I._difference(new_image, changed)', 'audit_schema') end,
              'audit_schema')
          end,
          case when redacts.any_column then E'    old_image := old_image || hidden;\n    new_image := new_image || hidden;\n' else '' end)
          || audit_schema._record_statement(registered, 'U', 'key, old_key, old, new, old_tid, new_tid',
            'key_text, old_key_text, old_image, new_image, ' || audit_schema._old_place(false) || ', ' || audit_schema._new_place(false), '')
    end,
    audit_schema._remark(registered)) end
  from (select audit_schema._settings_text(registered) as settings) as described
  -- not those that are redacted as yet: a glob may mean one that came since
  cross join (select registered.redact_columns <> '{}' or registered.redact_globs <> '{}' as any_column) as redacts
$function$;
