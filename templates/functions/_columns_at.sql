-- The columns of a table today, and of each whether its value at an instant can be known. unknown is null where
-- it can, else says why not: excluded or redacted then or at any time since, younger than the instant, rewritten by ALTER TYPE,
-- of a name that was given to another column while DDL was not followed.
-- A tag names the instant where it is given. plainly: whether a text of its type is read back by a cast (see _reads_plainly). base:
-- the type itself, or what is under it where it is a domain.
create or replace function audit_schema._columns_at(relation integer, audited oid, instant timestamptz, tag text default null)
returns table (attnum smallint, name text, type text, unknown text, plainly boolean, base text)
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  with first_version as materialized (
    select audit_schema._shape_at(relation, instant, tag) as from_id
  ), since as (
    select shape.attnum,
      bool_or(shape.from_id = first_version.from_id) as there_then,
      bool_and(shape.recorded) as recorded,
      min(shape.type) filter (where shape.from_id = first_version.from_id) as type_then,
      count(distinct case when audit_schema._text_length(shape.type) is null then shape.type else 'text' end) as types
    from audit_schema.relation_shape as shape, first_version
    where shape.relation = _columns_at.relation and shape.from_id >= first_version.from_id
    group by shape.attnum
  ), called as (
    select shape.attnum, shape.name
    from audit_schema.relation_shape as shape, first_version
    where shape.relation = _columns_at.relation and shape.from_id >= first_version.from_id
    union
    select attribute.attnum, attribute.attname::text
    from pg_attribute as attribute
    where attribute.attrelid = audited and attribute.attnum > 0 and not attribute.attisdropped
  )
  select
    attribute.attnum,
    attribute.attname::text,
    format_type(attribute.atttypid, attribute.atttypmod),
    case
      when attribute.attgenerated = 'v' then 'generated virtually, never stored'
      when attribute.attnum = any (registered.redacted) then 'redacted'
      when attribute.attnum = any (registered.excluded) or not since.recorded then 'excluded from auditing'
      when since.there_then is distinct from true then 'added later'
      -- without event triggers nobody can say since when a name has meant the other column
      when registered.capture = 'guarded' and exists (
        select
        from called as own
        join called as other on other.name = own.name and other.attnum <> own.attnum
        where own.attnum = attribute.attnum
      ) then 'its name, or a former one, was given to another column'
      -- a text may have got another length; what was longer than it is now allowed would come back cut
      when since.types > 1
        or (since.type_then <> format_type(attribute.atttypid, attribute.atttypmod)
          and (audit_schema._text_length(since.type_then) <= audit_schema._text_length(format_type(attribute.atttypid, attribute.atttypmod))) is not true)
        then format('its type changed, it was %s', since.type_then)
    end,
    audit_schema._reads_plainly(attribute.atttypid),
    (audit_schema._base_type(attribute.atttypid, attribute.atttypmod)).named
  from pg_attribute as attribute
  join audit_schema.relation as registered on registered.id = _columns_at.relation
  left join since on since.attnum = attribute.attnum
  where attribute.attrelid = audited and attribute.attnum > 0 and not attribute.attisdropped
  order by attribute.attnum
$function$;
