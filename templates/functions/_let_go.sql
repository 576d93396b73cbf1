-- Lets the horizons of a segment's tables rise before its changes from before an instant are removed ('infinity': all of
-- them; where tables are given, theirs alone), for good: from then on no answer rests on them. What lies in an archive that was read
-- back is gone and can still be had from there (gone_at); what does not is lost (lost_at). horizon_at is the greatest of
-- both, over all segments.
create or replace function audit_schema._let_go(leaving integer, before timestamptz, relations integer[] default null)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $function$
declare
  archived constant boolean := exists (
    select from audit_schema.archive
    where archive.segment = leaving and archive.verified_at is not null
  );
  newest record;
begin
  for newest in
    select rising.relation, rising.at
    from audit_schema._rising(leaving, before, relations) as rising
    order by rising.relation
  loop
    if archived then
      update audit_schema.segment_relation
      set gone_at = greatest(segment_relation.gone_at, newest.at)
      where segment_relation.segment = leaving and segment_relation.relation = newest.relation;
    end if;
    update audit_schema.relation
    set horizon_at = greatest(relation.horizon_at, newest.at),
        lost_at = case when archived then relation.lost_at else greatest(relation.lost_at, newest.at) end
    where relation.id = newest.relation;
  end loop;
end
$function$;
