-- SQL texts by which a whole row is recorded: its key, its image and the rows' source. `prefix` goes before each column,
-- such as "inserted.", `rows` are where they come from ('' for the row of a row trigger). Where digests may have to
-- stand for values, the texts are made once, in a subquery that is not to be flattened: their size is looked at first.
create or replace function audit_schema._kept_row(
  registered audit_schema.relation, prefix text, rows text, out key text, out image text, out source text)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $function$
declare
  names constant text := audit_schema._names_expression(registered);
  texts constant text := audit_schema._texts_expression(registered, prefix);
  marks constant text := quote_literal(audit_schema._marks(registered.oid, registered.redacted)) || '::jsonb';
begin
  key := audit_schema._key_expression(registered.oid, registered.key_columns, prefix);
  if registered.oversize = 'digest' then
    source := format('from (select %s as key, %s as texts %s offset 0) as row_of', key, texts, rows);
    key := 'row_of.key';
    image := audit_schema._image_expression(registered, names, 'row_of.texts', marks);
  else
    source := rows;
    image := audit_schema._image_expression(registered, names, texts, marks);
  end if;
end
$function$;
