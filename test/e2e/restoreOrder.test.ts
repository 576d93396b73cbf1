import { expect, it } from "vitest";
import { auditOf } from "../helpers/auditOf.ts";
import { connectTo } from "../helpers/client.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

const database = useDatabase({ installed: true });
const audit = auditOf(database, { env: { TZ: "UTC" } });

/** On a connection of its own, since it may leave a transaction open. */
async function runScript(script: string): Promise<void> {
  const sql = connectTo(database.url, { max: 1 });
  try {
    await sql.unsafe(script);
  } finally {
    await sql.end({ timeout: 5 });
  }
}

/** Makes tables, damages them and restores all of them; they have to be as they were, and the script has to do the same. */
async function expectRestored(
  name: string,
  tables: readonly string[],
  { make, damage }: { readonly make: string; readonly damage: string },
): Promise<void> {
  await runScript(make);
  await audit("enable", ...tables);
  await audit("tag", name);
  const rows = async () => {
    const states = [];
    for (const table of tables)
      states.push(await database.sql.unsafe(`select r::text as line from only ${table} as r order by 1`));
    return states;
  };
  const before = await rows();
  await runScript(damage);
  const damaged = await rows();
  expect(damaged).not.toEqual(before);
  const words = ["restore", ...tables, "--to", `tag:${name}`];
  const { stdout: script } = await audit(...words, "-o", "sql");
  expect(await rows()).toEqual(damaged);
  const { stdout } = await audit(...words, "--apply");
  expect(await rows()).toEqual(before);
  const { stdout: again } = await audit(...words, "--json");
  expect(JSON.parse(again)).toMatchObject({ items: [] });
  const tag = /tag:(before-restore-\d+)/.exec(stdout)?.[1];
  await audit("restore", ...tables, "--to", `tag:${tag}`, "--apply");
  expect(await rows()).toEqual(damaged);
  await runScript(script);
  expect(await rows()).toEqual(before);
  await expect(runScript(script)).rejects.toThrow("are no longer what they were when this script was made");
  expect(await rows()).toEqual(before);
}

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

it("exchanges several values of the same rows", async () => {
  await expectRestored("pairs", ["pairs"], {
    make: `create table pairs (id int primary key, mail text not null unique, nick text not null unique);
      insert into pairs values (1, 'a', 'x'), (2, 'b', 'y')`,
    damage: `update pairs set mail = mail || '!', nick = nick || '!';
      update pairs set mail = case id when 1 then 'b' else 'a' end, nick = case id when 1 then 'y' else 'x' end`,
  });
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
