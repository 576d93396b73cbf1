-- SQL text that is true when two values of a column are not the same value. "is distinct from" asks the type's
-- "=", which calls 1.0 and 1.00 equal; it serves only where equal means identical (the type's default btree
-- family says so by its fourth support function). Everything else is compared as text, byte by byte: text keeps the
-- collation of its column, which may call different texts equal. The parameter is named with the function's name:
-- pg_type has a column that is called like it, which would win.
create or replace function audit_schema._differs_expression(type oid, typcollation oid, old_expression text, new_expression text)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $function$
begin
  return (
    with base as (
      select
        case when given.typtype = 'd' then given.typbasetype else given.oid end as oid,
        given.typtype
      from pg_type as given
      where given.oid = type
    )
    select case
      -- by the function's name: a cast of the enum's owner can make its "=" ambiguous
      when (select base_type.typtype from base join pg_type as base_type on base_type.oid = base.oid where base.typtype <> 'd') = 'e' then
        format('coalesce(enum_ne(%1$s, %2$s), num_nulls(%1$s, %2$s) = 1)', old_expression, new_expression)
      when exists (
        select
        from base
        join pg_type as base_type on base_type.oid = base.oid
        join pg_opclass as class
          on class.opcintype = base_type.oid
          and class.opcdefault
        join pg_am as method on method.oid = class.opcmethod and method.amname = 'btree'
        join pg_amproc as support
          on support.amprocfamily = class.opcfamily
          and support.amproclefttype = class.opcintype
          and support.amprocnum = 4
        where base_type.oid <> 'bpchar'::regtype
          and base_type.oid < 16384
          and base.typtype <> 'd'
          and (support.amproc = 'btequalimage'::regproc
            or coalesce((select c.collisdeterministic from pg_collation as c where c.oid = _differs_expression.typcollation), false))
      ) or type in ('text'::regtype, 'varchar'::regtype) and coalesce(
        (select c.collisdeterministic from pg_collation as c where c.oid = _differs_expression.typcollation), false
      ) then format('%s is distinct from %s', old_expression, new_expression)
      else format('%1$s%3$s is distinct from %2$s%3$s',
        audit_schema._value_expression(type, old_expression),
        audit_schema._value_expression(type, new_expression),
        case when _differs_expression.typcollation <> 0 then ' collate "C"' else '' end)
    end
  );
end
$function$;
