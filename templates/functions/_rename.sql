-- An image of a change, with the columns called as they are today. Columns are followed by attribute number
-- through the shapes; those that are gone are left out.
create or replace function audit_schema._rename(image jsonb, relation integer, audited oid, id bigint)
returns jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  select coalesce(jsonb_object_agg(attribute.attname, part.value), '{}')
  from jsonb_each(image) as part
  join audit_schema.relation_shape as shape
    on shape.relation = _rename.relation
    and shape.name = part.key
    and shape.from_id = (
      select coalesce(
        max(version.from_id) filter (where version.from_id <= _rename.id),
        min(version.from_id))
      from audit_schema.relation_shape as version
      where version.relation = _rename.relation
    )
  join pg_attribute as attribute
    on attribute.attrelid = audited and attribute.attnum = shape.attnum and not attribute.attisdropped
$function$;
