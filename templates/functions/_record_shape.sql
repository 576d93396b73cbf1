-- Writes down the columns of a table as a new version of its shape, if they differ from the last one. The
-- version is bounded by a number of the change sequence: DDL holds writers off, so every change before it was
-- made by the former shape and every later one by this. Returns whether there was something to write down.
create or replace function audit_schema._record_shape(relation integer, audited oid, unrecorded smallint[])
returns boolean
language sql
volatile
set search_path = pg_catalog, pg_temp
as $function$
  with present as (
    select attribute.attnum, attribute.attname::text as name, format_type(attribute.atttypid, attribute.atttypmod) as type,
      attribute.attnum <> all (unrecorded) as recorded
    from pg_attribute as attribute
    where attribute.attrelid = audited and attribute.attnum > 0 and not attribute.attisdropped
  ), latest as (
    select shape.attnum, shape.name, shape.type, shape.recorded
    from audit_schema.relation_shape as shape
    where shape.relation = _record_shape.relation
      and shape.from_id = (
        select max(version.from_id) from audit_schema.relation_shape as version where version.relation = _record_shape.relation
      )
  ), version as materialized (
    select nextval('audit_schema.change_id') as from_id
    where exists (table present except table latest) or exists (table latest except table present)
  ), recorded as (
    insert into audit_schema.relation_shape (relation, from_id, attnum, name, type, recorded)
    select _record_shape.relation, version.from_id, present.attnum, present.name, present.type, present.recorded
    from version, present
    returning 1
  )
  select count(*) > 0 from recorded
$function$;
