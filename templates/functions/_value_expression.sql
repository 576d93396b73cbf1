-- SQL text that turns the column `expression` of type `type` into what an image holds of it: the text of the type's
-- own output function, whatever the type. Text of user types goes through format(), never through a cast: a cast
-- is code somebody else wrote, and it would run with the rights of whoever runs this. So do built-in types whose
-- cast to text is no plain output (char(n) would lose its blanks), but for boolean, which reads better as "true".
-- num_nulls(), because a composite of NULLs "is null" and is not.
create or replace function audit_schema._value_expression(type oid, expression text)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  select case
    when type in ('text'::regtype, 'varchar'::regtype) then expression
    when type = 'boolean'::regtype or type < 16384 and not exists (
      select from pg_cast as cast_to_text
      where cast_to_text.castsource = type
        and cast_to_text.casttarget = 'text'::regtype
        and cast_to_text.castmethod = 'f'
    ) then format('%s::text', expression)
    else format('case when num_nulls(%1$s) = 0 then format(''%%s'', %1$s) end', expression)
  end
$function$;
