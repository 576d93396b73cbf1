-- The text of a value in an image of the past. Where only a digest of it was kept, there is none: then an error that
-- names column and change, for nothing else would be right.
create or replace function audit_schema._kept_text(image jsonb, named text, name text)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $function$
declare
  kept constant jsonb := image -> name;
begin
  if jsonb_typeof(kept) = 'object' then
    raise exception using
      errcode = 'UA007',
      message = format('the value that column %I of %s had then is not known: change %s kept but a digest of it', name, named, kept ->> 'change'),
      detail = format('It had %s bytes of text, %s.', kept ->> 'bytes', kept ->> 'digest'),
      hint = 'The row was too large to be recorded whole (--oversize digest). Ask for other rows, or for a time after that change.';
  end if;
  return image ->> name;
end
$function$;
