-- Follows DDL inside its own transaction: names, columns, what else decides how a table is captured, partitions that
-- come and go, drops. Called by the event triggers for every command; compares all audited tables with the catalog
-- rather than trusting the object that is reported, because a column can go with its type, and a type can change its
-- name, without a word about the table.
create or replace function audit_schema._on_ddl()
returns event_trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set quote_all_identifiers = off
set standard_conforming_strings = on
as $function$
declare
  audited audit_schema.relation;
  former audit_schema.relation;
  statement text;
  gap text;
begin
  if not audit_schema._concerns_us(tg_event, tg_tag) then
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
    left join audit_schema._sight(array(
      select present.oid from audit_schema.relation as present where present.dropped_at is null
    )) as seen on seen.oid = relation.oid
    where relation.dropped_at is null and seen.sight is distinct from relation.sight
    order by relation.id
  loop
    if not exists (select from pg_class as class where class.oid = audited.oid) then
      perform audit_schema._end_coverage(audited.id, 'the table was dropped');
      update audit_schema.relation set dropped_at = clock_timestamp(), enabled = false where id = audited.id;
      continue;
    end if;

    former := audited;
    audited := audit_schema._settled(audited);
    update audit_schema.relation
    set schema_name = audited.schema_name, table_name = audited.table_name, excluded = audited.excluded,
      redacted = audited.redacted, kind = audited.kind, partitions = audited.partitions, sight = audited.sight
    where id = audited.id;
    perform audit_schema._record_shape(audited.id, audited.oid, audited.excluded || audited.redacted);
    -- The view is worth less than the DDL: audit check tells where it could not follow.
    begin
      perform audit_schema._make_view(audited.id);
    exception
      when others then null;
    end;
    continue when not audited.enabled;

    execute audit_schema._insert_function(audited);
    execute audit_schema._update_function(audited);
    execute audit_schema._delete_function(audited);
    if audited.kind <> former.kind then
      for statement in select * from audit_schema._change_triggers(audited) loop
        execute statement;
      end loop;
    end if;

    gap := audit_schema._coverage_gap(former, audited);
    if gap is not null then
      perform audit_schema._end_coverage(audited.id, gap);
      if gap not like 'a key column%' then
        perform audit_schema._begin_coverage(audited.id, gap);
      end if;
    end if;
  end loop;
end
$function$;
