import { expect, it } from "vitest";
import { auditOf } from "../helpers/auditOf.ts";
import { expectRestoredIn } from "../helpers/expectRestored.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

const database = useDatabase({ installed: true });
const audit = auditOf(database, { env: { TZ: "UTC" } });
const expectRestored = expectRestoredIn(database);

it("exchanges keys and values that must be unique", async () => {
  await expectRestored("swap", ["swap"], {
    make: `create table swap (id int primary key, mail text not null unique, nick text unique, rank int not null unique deferrable);
      insert into swap values (1, 'a', 'x', 1), (2, 'b', 'y', 2), (3, 'c', null, 3), (4, 'd', 'z', 4)`,
    damage: `update swap set mail = mail || '!'; update swap set mail = 'b' where id = 1; update swap set mail = 'c' where id = 2;
      update swap set mail = 'a' where id = 3; update swap set nick = null; update swap set nick = 'y' where id = 1;
      update swap set nick = 'x' where id = 2; update swap set rank = 5 - rank;
      update swap set id = id + 10 where id in (1, 2); update swap set id = 13 - id where id > 4;
      delete from swap where id = 4; insert into swap values (9, 'd', 'q', 44);
      insert into swap values (8, 'e', 'z', 8)`,
  });
});

it("passes keys on among rows that refer to each other, where one goes only in the end", async () => {
  await expectRestored("passed", ["passed"], {
    make: `create table passed (id int primary key, parent int references passed on delete cascade on update cascade, name text);
      insert into passed values (4, null, 'a'), (5, 4, 'b')`,
    damage: `update passed set id = id - 1; insert into passed values (5, 3, 'c'), (6, 5, 'd')`,
  });
});

it("exchanges several values of the same rows", async () => {
  await expectRestored("pairs", ["pairs"], {
    make: `create table pairs (id int primary key, mail text not null unique, nick text not null unique);
      insert into pairs values (1, 'a', 'x'), (2, 'b', 'y')`,
    damage: `update pairs set mail = mail || '!', nick = nick || '!';
      update pairs set mail = case id when 1 then 'b' else 'a' end, nick = case id when 1 then 'y' else 'x' end`,
  });
});

/** Each makes a table of its own name, and damages it so that rows have to take what others hold. */
const exchanges: Readonly<Record<string, { readonly make: string; readonly damage: string }>> = {
  swap_under_expression: {
    make: `create table swap_under_expression (id int primary key, mail text not null);
      create unique index on swap_under_expression (lower(mail));
      insert into swap_under_expression values (1, 'Ann'), (2, 'Bob'), (3, 'Cy')`,
    damage: `update swap_under_expression set mail = mail || '!' where id < 3;
      update swap_under_expression set mail = case id when 1 then 'BOB' else 'ANN' end where id < 3`,
  },
  rotation_under_expression: {
    make: `create table rotation_under_expression (id int primary key, nick text);
      create unique index on rotation_under_expression (lower(nick));
      insert into rotation_under_expression values (1, 'a'), (2, 'b'), (3, 'c'), (4, null), (5, null)`,
    damage: `update rotation_under_expression set nick = null;
      update rotation_under_expression set nick = upper(substr('bcae', id, 1)) where id < 5`,
  },
  chain_under_expression: {
    make: `create table chain_under_expression (id int primary key, mail varchar(40) not null, n int);
      create unique index on chain_under_expression (lower(mail), n);
      insert into chain_under_expression values (1, 'b', 1), (2, 'c', 1), (3, 'd', 1), (4, 'd', 2)`,
    damage: `update chain_under_expression set mail = 'a' where id = 1; update chain_under_expression set mail = 'B' where id = 2;
      update chain_under_expression set mail = 'C' where id = 3`,
  },
  lasting_expression: {
    make: `create table lasting_expression (id int primary key, nick text);
      create unique index on lasting_expression (coalesce(nick, ''));
      insert into lasting_expression values (1, 'a'), (2, 'b'), (3, null)`,
    damage: `update lasting_expression set nick = 'x' where id = 1; update lasting_expression set nick = 'a' where id = 2;
      update lasting_expression set nick = 'b' where id = 1`,
  },
  checked_expression: {
    make: `create table checked_expression (id int primary key, mail text not null check (mail like '%@%'));
      create unique index on checked_expression (lower(mail));
      insert into checked_expression values (1, 'a@'), (2, 'b@')`,
    damage: `update checked_expression set mail = 'x@' where id = 1; update checked_expression set mail = 'A@' where id = 2;
      update checked_expression set mail = 'B@' where id = 1`,
  },
  same_nulls: {
    make: `create table same_nulls (id int primary key, nick text unique nulls not distinct);
      insert into same_nulls values (1, 'a'), (2, 'b'), (3, null), (4, 'd')`,
    damage: `delete from same_nulls where id = 3; update same_nulls set nick = null where id = 1;
      update same_nulls set nick = 'a' where id = 2; update same_nulls set nick = 'b' where id = 1;
      update same_nulls set nick = null where id = 4; insert into same_nulls values (3, 'd')`,
  },
  ranges: {
    make: `create table ranges (id int primary key, during int4range, exclude using gist (during with &&));
      insert into ranges values (1, '[1,3)'), (2, '[3,5)'), (3, null), (4, '[12,14)'), (5, '[14,16)')`,
    damage: `update ranges set during = '[5,7)' where id = 1; update ranges set during = '[1,2)' where id = 2;
      update ranges set during = '[2,5)' where id = 1; update ranges set during = '[11,13)' where id = 4;
      update ranges set during = '[13,15)' where id = 5`,
  },
  filled_ranges: {
    make: `create table filled_ranges (id int primary key, during int4range not null, exclude using gist (during with &&));
      insert into filled_ranges values (1, '[1,3)'), (2, '[3,5)'), (3, '[5,7)')`,
    damage: `update filled_ranges set during = '[7,9)' where id = 1; update filled_ranges set during = '[1,2)' where id = 3;
      update filled_ranges set during = '[5,6)' where id = 1`,
  },
  boxes: {
    make: `create table boxes (id int primary key, area box not null, exclude using gist (area with &&));
      insert into boxes values (1, '(1,1),(0,0)'), (2, '(3,3),(2,2)'), (3, '(5,5),(4,4)')`,
    damage: `update boxes set area = '(9,9),(8,8)' where id = 1; update boxes set area = '(1,1),(0,0)' where id = 2;
      update boxes set area = '(3,3),(2,2)' where id = 1`,
  },
  excluded_equals: {
    make: `create table excluded_equals (id int primary key, code text not null, exclude using hash (code with =));
      insert into excluded_equals values (1, 'a'), (2, 'b')`,
    damage: `update excluded_equals set code = 'x' where id = 1; update excluded_equals set code = 'a' where id = 2;
      update excluded_equals set code = 'b' where id = 1`,
  },
  flips: {
    make: `create table flips (id int primary key, owner int not null, main boolean not null);
      create unique index on flips (owner) where main;
      insert into flips values (1, 1, true), (2, 1, false), (3, 1, false), (4, 2, false), (5, 2, true), (6, 2, false)`,
    damage: `update flips set main = false; update flips set main = true where id in (2, 4)`,
  },
  soft_deletes: {
    make: `create table soft_deletes (id int primary key, mail text not null, gone timestamptz);
      create unique index on soft_deletes (lower(mail)) where gone is null;
      insert into soft_deletes values (1, 'a', now()), (2, 'A', null), (3, 'b', null), (4, 'b', now())`,
    damage: `update soft_deletes set gone = now() where id in (2, 3); update soft_deletes set gone = null where id in (1, 4)`,
  },
  odd_condition: {
    make: `create table odd_condition (id int primary key, owner int not null, rank int not null);
      create unique index on odd_condition (owner) where rank % 2 = 0;
      insert into odd_condition values (1, 1, 0), (2, 1, 1), (3, 1, 3)`,
    damage: `update odd_condition set rank = 5 where id = 1; update odd_condition set rank = 2 where id = 3`,
  },
};

it.each(Object.entries(exchanges))("exchanges what rows must not share: %s", async (name, example) => {
  await expectRestored(name, [name], example);
});

it("takes what a row holds that goes only when others have been turned away from it", async () => {
  await expectRestored("turned", ["owners", "pets"], {
    make: `create table owners (id int primary key, mail text not null, cage int4range not null, exclude using gist (cage with &&));
      create unique index on owners (lower(mail));
      create table pets (id int primary key, owner int not null references owners);
      insert into owners values (1, 'a', '[1,4)'); insert into pets values (1, 1)`,
    damage: `update owners set mail = 'x', cage = '[9,10)'; insert into owners values (2, 'A', '[2,3)');
      update pets set owner = 2`,
  });
});

it("takes what a row holds by a column that it keeps", async () => {
  await expectRestored("bosses", ["bosses"], {
    make: `create table bosses (id int primary key, boss int references bosses, mail text not null, gone timestamptz);
      create unique index on bosses (lower(mail)) where gone is null;
      insert into bosses values (1, null, 'a', now()), (2, 1, 'A', null)`,
    damage: `delete from bosses where id = 2; update bosses set gone = null where id = 1; insert into bosses values (3, 1, 'x', null)`,
  });
});

it("orders by what rows do not share where foreign keys act on deletes, and on leaves of partitions", async () => {
  await expectRestored("acting", ["main", "minor"], {
    make: `create table main (id int primary key, mail text not null, owner int not null, first boolean not null);
      create unique index on main (lower(mail)); create unique index on main (owner) where first;
      create table minor (id int primary key, main int not null references main on delete cascade);
      insert into main values (1, 'a', 1, true), (2, 'b', 1, false), (3, 'c', 1, false); insert into minor values (1, 1), (2, 2)`,
    damage: `update main set mail = mail || '!', first = false; update main set mail = upper(substr('bca', id, 1)), first = id = 2`,
  });
  const { sql } = database;
  await sql.unsafe(`
    create table split (id int, region text, mail text not null, primary key (id, region)) partition by list (region);
    create table split_a partition of split for values in ('a');
    create table split_b partition of split default;
    create unique index on split (region, lower(mail));
    insert into split values (1, 'a', 'x'), (2, 'a', 'y'), (3, 'b', 'x'), (4, 'b', 'y')`);
  await audit("enable", "split");
  await audit("tag", "split");
  const rows = () => sql`select * from split order by id`;
  const before = await rows();
  await sql.unsafe(`
    update split set mail = mail || '!'; update split set mail = case id % 2 when 0 then 'X' else 'Y' end`);
  await audit("restore", "split", "--to", "tag:split", "--apply");
  expect(await rows()).toEqual(before);
});

it("goes around circles of foreign keys, with and without late checks", async () => {
  await expectRestored("circle", ["teams", "people"], {
    make: `create table teams (id int primary key, lead int);
      create table people (id int primary key, team int not null references teams);
      alter table teams add foreign key (lead) references people;
      insert into teams values (1), (2); insert into people values (1, 1), (2, 1), (3, 2);
      update teams set lead = id + 1`,
    damage: `update teams set lead = null; delete from people; delete from teams where id = 2;
      insert into teams values (5); insert into people values (7, 5), (1, 1); update teams set lead = 7 where id = 5;
      update teams set lead = 1 where id = 1`,
  });
  await expectRestored("late", ["one", "other"], {
    make: `create table one (id int primary key, other int not null);
      create table other (id int primary key, one int not null references one deferrable);
      alter table one add foreign key (other) references other deferrable;
      begin; set constraints all deferred; insert into one values (1, 1), (2, 2); insert into other values (1, 2), (2, 1); commit`,
    damage: `begin; set constraints all deferred; delete from one; delete from other;
      insert into one values (3, 3); insert into other values (3, 3); commit`,
  });
});

it("keeps rows that refer to others of their table, and children of what goes by cascade", async () => {
  await expectRestored("tree", ["tree", "leaves"], {
    make: `create table tree (id int primary key, parent int references tree on delete cascade);
      create table leaves (id int primary key, tree int not null references tree on delete cascade on update cascade);
      insert into tree values (1, null), (2, 1), (3, 2), (4, 3), (5, 1);
      insert into leaves values (1, 4), (2, 2), (3, 5)`,
    damage: `update tree set parent = 5 where id = 2; delete from tree where id = 3; update tree set id = 50 where id = 4;
      insert into tree values (6, 5); insert into leaves values (9, 6); update leaves set tree = 6 where id = 2`,
  });
});

it("sets identity columns, makes generated ones again, and follows names", async () => {
  await expectRestored("columns", ["made"], {
    make: `create table made (id int generated always as identity primary key, n int, no int generated always as identity,
        twice int generated always as (n * 2) stored, old text);
      insert into made (n, old) values (1, 'a'), (2, 'b'), (3, 'c')`,
    damage: `delete from made where id = 1; update made set n = 7 where id = 2; update made set no = default where id = 3;
      alter table made rename old to fresh; insert into made (n) values (9)`,
  });
});

it("keeps to partitions, and to a table's own rows beside those of its heirs", async () => {
  const { sql } = database;
  await sql.unsafe(`
    create table parts (id int, region text, n int, primary key (id, region)) partition by list (region);
    create table parts_a partition of parts for values in ('a');
    create table parts_b partition of parts default;
    insert into parts values (1, 'a', 1), (2, 'b', 2), (3, 'b', 3)`);
  await audit("enable", "parts");
  await audit("tag", "parts");
  const rows = () => sql`select tableoid::regclass::text as leaf, * from parts order by id`;
  const before = await rows();
  await sql.unsafe(`
    update parts set region = 'a' where id = 2; delete from parts where id = 1; truncate parts_b;
    insert into parts values (4, 'c', 4)`);
  await audit("restore", "parts", "--to", "tag:parts", "--apply");
  expect(await rows()).toEqual(before);
  await expectRestored("heirs", ["base", "heir"], {
    make: `create table base (id int primary key, a text);
      create table heir (primary key (id)) inherits (base);
      insert into base values (1, 'base'), (2, 'base'); insert into heir values (1, 'heir'), (3, 'heir')`,
    damage: `update only base set a = 'x' where id = 1; update heir set a = 'y'; delete from only base where id = 2;
      insert into base values (3, 'new'); delete from heir where id = 3`,
  });
});
