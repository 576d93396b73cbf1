-- The settings of every function that reads or writes images: the session of the application must not be able
-- to change the text of a value, nor what a name means. quote_all_identifiers is in the text of regclass and its like;
-- the old reading of backslashes in strings would break the statements that are made and parsed at run time.
create or replace function audit_schema._pinned_settings()
returns text
language sql
immutable
set search_path = pg_catalog, pg_temp
as $function$
  select 'set search_path = pg_catalog, pg_temp
set timezone = ''UTC''
set datestyle = ''ISO, YMD''
set intervalstyle = ''postgres''
set bytea_output = ''hex''
set extra_float_digits = 1
set lc_monetary = ''C''
set xmloption = ''content''
set quote_all_identifiers = off
set standard_conforming_strings = on'
$function$;
