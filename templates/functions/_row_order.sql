-- The true order of several changes of one key within one transaction, as change ids. A trigger of the
-- application that writes to the same row is recorded before the statement that fired it, so ids do not tell;
-- where a row version came from does. Versions are linked into chains (what one change made, another replaced).
-- A chain that begins with a row that was there comes first, one that ends with a row that stays comes last.
-- Where the links make no sense (the table was rewritten in between), the order of ids stands.
-- All arrays are in order of id, one element per change.
create or replace function audit_schema._row_order(
  ids bigint[], leaves boolean[], arrives boolean[], old_tids tid[], new_tids tid[])
returns bigint[]
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $function$
declare
  total constant integer := cardinality(ids);
  follower integer[] := array_fill(null::integer, array[total]);
  followed boolean[] := array_fill(false, array[total]);
  first_chain integer;
  last_chain integer;
  middle integer[] := '{}';
  place integer;
  candidate integer;
  chain_end integer;
  ordered bigint[] := '{}';
begin
  for place in 1 .. total loop
    if leaves[place] then
      continue;
    end if;
    -- the nearest later change first: a place in the table can be used again
    for candidate in
      select other.number
      from generate_series(1, total) as other (number)
      where other.number <> place
        and not arrives[other.number]
        and not followed[other.number]
        and old_tids[other.number] = new_tids[place]
      order by other.number < place, abs(other.number - place)
      limit 1
    loop
      follower[place] := candidate;
      followed[candidate] := true;
    end loop;
  end loop;

  for place in 1 .. total loop
    if followed[place] then
      continue;
    end if;
    chain_end := place;
    while follower[chain_end] is not null loop
      chain_end := follower[chain_end];
    end loop;
    if not arrives[place] then
      if first_chain is not null then
        return ids;
      end if;
      first_chain := place;
      if not leaves[chain_end] then
        if last_chain is not null then
          return ids;
        end if;
        last_chain := place;
      end if;
    elsif not leaves[chain_end] then
      if last_chain is not null then
        return ids;
      end if;
      last_chain := place;
    else
      middle := middle || place;
    end if;
  end loop;

  foreach place in array
    array_remove(array[first_chain], null)
    || middle
    || array_remove(array[nullif(last_chain, first_chain)], null)
  loop
    while place is not null loop
      ordered := ordered || ids[place];
      place := follower[place];
    end loop;
  end loop;
  return case when cardinality(ordered) = total then ordered else ids end;
end
$function$;
