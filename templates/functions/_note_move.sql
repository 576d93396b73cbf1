-- Remembers until the end of the transaction, in the setting audit.moves, that a row version was replaced by another
-- and no change was recorded: nothing differed, or excluded columns only. The next change of the row then names the
-- place where the last recorded one left it ("new<old"), and the links by which row order is found do not break. Where the
-- new version has been replaced itself by now, triggers that sort before ours have gone on from it, and what they recorded
-- names its place: then the change that made the old version, which is recorded after them, is led there ("old>new"). A
-- savepoint takes the setting back together with the rows; a file number goes with each place, for places are used anew
-- after TRUNCATE or a rewrite.
create or replace function audit_schema._note_move(written oid, old_place tid, new_place tid, made_by xid, replaced_by xid)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $function$
declare
  moves constant text := coalesce(nullif(current_setting('audit.moves', true), ''), ';');
  own constant bigint := pg_current_xact_id()::text::bigint;
begin
  -- Of interest are versions that this transaction made; ids of its subtransactions lie above its own. And no more
  -- than so many: a bulk update that changes nothing must not slow down those after it.
  if (made_by::text::bigint - own) & 4294967295 < 2147483648 and octet_length(moves) < 8000 then
    perform set_config('audit.moves',
      case
        when replaced_by <> '0' and (replaced_by::text::bigint - own) & 4294967295 < 2147483648
          then format(';%s%s>%s%s', pg_relation_filenode(written), old_place, new_place, moves)
        else format(';%s%s<%s%s', pg_relation_filenode(written), new_place, old_place, moves)
      end, true);
  end if;
end
$function$;
