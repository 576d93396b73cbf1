-- The true order of several changes of one key within one transaction, as change ids. A trigger of the
-- application that writes to the same row is recorded before the statement that fired it, so ids do not tell;
-- where a row version came from does. Versions are linked into chains (what one change made, another replaced).
-- Chains follow each other so that a row leaves only when there is one, and arrives only when there is none; where
-- that leaves a choice, by id. No link crosses a TRUNCATE: it is recorded in its turn, and places are used anew
-- afterwards. What only passed through the key is left out. Where the links make no sense (the table was rewritten in between), the order of ids stands. All
-- arrays are in order of id, one element per change.
create or replace function audit_schema._row_order(
  ids bigint[], leaves boolean[], arrives boolean[], truncates boolean[], old_tids tid[], new_tids tid[])
returns bigint[]
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $function$
declare
  total constant integer := cardinality(ids);
  follower integer[] := array_fill(null::integer, array[total]);
  followed boolean[] := array_fill(false, array[total]);
  beginnings integer[] := '{}';
  endings integer[] := '{}';
  lowest bigint[] := '{}';
  chains integer[];
  chain_end integer;
  low bigint;
  link integer;
  balance integer := 0;
  there boolean;
  chosen integer;
  ordered bigint[] := '{}';
begin
  for place in 1 .. total loop
    continue when leaves[place];
    -- the nearest later change first: a place in the table can be used again
    for candidate in place + 1 .. total loop
      if old_tids[candidate] = new_tids[place] and not arrives[candidate] and not followed[candidate] then
        follower[place] := candidate;
      end if;
      exit when follower[place] is not null or truncates[candidate];
    end loop;
    for candidate in reverse place - 1 .. 1 loop
      exit when follower[place] is not null or truncates[candidate];
      if old_tids[candidate] = new_tids[place] and not arrives[candidate] and not followed[candidate] then
        follower[place] := candidate;
      end if;
    end loop;
    if follower[place] is not null then
      followed[follower[place]] := true;
    end if;
  end loop;

  for place in 1 .. total loop
    continue when followed[place];
    chain_end := place;
    low := ids[place];
    while follower[chain_end] is not null loop
      chain_end := follower[chain_end];
      low := least(low, ids[chain_end]);
    end loop;
    beginnings := beginnings || place;
    endings := endings || chain_end;
    lowest := lowest || low;
    balance := balance + arrives[place]::integer - leaves[chain_end]::integer;
  end loop;
  select array_agg(chain.number order by chain.low) into chains
  from unnest(lowest) with ordinality as chain (low, number);

  if balance not between -1 and 1 or chains is null then
    return ids;
  end if;
  -- Comings and goings without a place were captured by statement: each is recorded in its turn, so the first tells.
  there := balance < 0
    or balance = 0 and case
      when exists (
        select from generate_series(1, total) as place
        where arrives[place] and new_tids[place] is null or leaves[place] and old_tids[place] is null
      ) then (
        select leaves[place] from generate_series(1, total) as place
        where arrives[place] or leaves[place]
        order by place
        limit 1
      )
      else exists (select from unnest(beginnings) as beginning (place) where not arrives[beginning.place])
    end;

  while cardinality(chains) > 0 loop
    -- the first that fits; one after which nothing more would fit waits for the others
    select chain.number into chosen
    from unnest(chains) with ordinality as chain (number, ordinality)
    where arrives[beginnings[chain.number]] <> there
    order by
      there = leaves[endings[chain.number]] and not exists (
        select from unnest(chains) as back (number)
        where back.number <> chain.number
          and arrives[beginnings[back.number]] = there
          and leaves[endings[back.number]] <> there
      ),
      chain.ordinality
    limit 1;
    if not found then
      -- Under a key that is checked late, another row may pass through the key of one that stays: no part of its life.
      if there and not exists (
        select from unnest(chains) as passing (number)
        where not (arrives[beginnings[passing.number]] and leaves[endings[passing.number]])
      ) then
        return ordered;
      end if;
      return ids;
    end if;
    link := beginnings[chosen];
    while link is not null loop
      ordered := ordered || ids[link];
      link := follower[link];
    end loop;
    there := not leaves[endings[chosen]];
    chains := array_remove(chains, chosen);
  end loop;
  return case when cardinality(ordered) = total then ordered else ids end;
end
$function$;
