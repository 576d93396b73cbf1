-- Whether a name is meant by one of the globs: * stands for any characters, ? for one, everything else for itself.
create or replace function audit_schema._matches_glob(name text, globs text[])
returns boolean
language sql
immutable
set search_path = pg_catalog, pg_temp
as $function$
  select exists (
    select
    from unnest(globs) as glob
    where name like
      replace(replace(replace(replace(replace(glob, '!', '!!'), '%', '!%'), '_', '!_'), '*', '%'), '?', '_') escape '!'
  )
$function$;
