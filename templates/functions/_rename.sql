-- An image of a change, with the columns called as they are today. Columns are followed by attribute number
-- through the shapes; those that are gone are left out. Where DDL is not followed by event triggers, a change may
-- carry a name that its shape does not have yet: then the next shape with that name tells, or the table itself.
create or replace function audit_schema._rename(image jsonb, relation integer, audited oid, id bigint)
returns jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  select coalesce(jsonb_object_agg(attribute.attname, part.value), '{}')
  from jsonb_each(image) as part
  cross join lateral (
    select called.attnum
    from (
      select shape.from_id, shape.attnum
      from audit_schema.relation_shape as shape
      where shape.relation = _rename.relation
        and shape.name = part.key
        and shape.from_id >= (
          select coalesce(
            max(version.from_id) filter (where version.from_id <= _rename.id),
            min(version.from_id))
          from audit_schema.relation_shape as version
          where version.relation = _rename.relation
        )
      union all
      select 9223372036854775807, present.attnum
      from pg_attribute as present
      where present.attrelid = audited and present.attname = part.key and present.attnum > 0
    ) as called
    order by called.from_id
    limit 1
  ) as meant
  join pg_attribute as attribute
    on attribute.attrelid = audited and attribute.attnum = meant.attnum and not attribute.attisdropped
$function$;
