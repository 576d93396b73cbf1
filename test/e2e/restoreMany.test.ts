import { it } from "vitest";
import { expectRestoredIn } from "../helpers/expectRestored.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

const database = useDatabase({ installed: true });
const expectRestored = expectRestoredIn(database);

it("writes many rows at once, of any types, empty or not", async () => {
  await expectRestored("many", ['"Odd; ""table"""'], {
    make: `create type mood as enum ('glad', 'sad');
      create domain short as varchar(4) check (value <> 'x');
      create table "Odd; ""table""" (place text, n int, "a, b" numeric(8, 2), "case" boolean, c char(5), s short, m mood,
        j jsonb, t text[], b bytea, i interval, at timestamptz, r int4range, p point, x xml, o oid, f float8,
        twice int generated always as (n * 2) stored, primary key (place, n));
      insert into "Odd; ""table"""
      select 'it''s \\ "' || g % 3, g, g / 7.0, case g % 3 when 0 then g % 2 = 0 end, 'c' || g, 's' || g, case when g % 2 = 0 then 'sad'::mood end,
        jsonb_build_object('k', g), array['a,', null, 'é' || g], decode(lpad(to_hex(g), 4, '0'), 'hex'), g * interval '1 month 1 hour',
        '2026-01-01 00:00:00.000001+00'::timestamptz + g * interval '1 hour', int4range(g, g + 3), point(g, -g),
        xmlelement(name "a", g), g, g / 3.0::float8
      from generate_series(1, 40) as g`,
    damage: `update "Odd; ""table""" set "a, b" = null, "case" = null, c = null, s = null, m = null, j = null, t = null, b = null,
        i = null, at = null, r = null, p = null, x = null, o = null, f = null;
      update "Odd; ""table""" set "a, b" = 7, m = 'glad', j = '[]', t = '{}', x = '<b/>' where n % 2 = 1;
      delete from "Odd; ""table""" where n > 30; insert into "Odd; ""table""" (place, n) values ('new', 1)`,
  });
});

it("goes by parts, which together are all of them", async () => {
  const count = 5_200;
  await expectRestored("parts", ["parts"], {
    make: `create table parts (id int primary key, a int, b text);
      insert into parts select g, g, 'b' || g from generate_series(1, ${2 * count}) as g`,
    damage: `update parts set a = null where id <= ${count}; delete from parts where id > ${count};
      insert into parts select g + 100000, g, 'new' from generate_series(1, ${count}) as g`,
  });
});

it("takes a row's own table alone, and values that must be unique one by one", async () => {
  await expectRestored("heirs", ["elder", "younger"], {
    make: `create table elder (id int primary key, mail text unique, a int);
      create table younger (primary key (id)) inherits (elder);
      insert into elder select g, 'm' || g, g from generate_series(1, 30) as g;
      insert into younger select g, 'y' || g, g from generate_series(1, 30) as g`,
    damage: `update only elder set a = 0; update younger set a = -1 where id % 2 = 0;
      update only elder set mail = mail || '!'; update only elder set mail = 'm' || (id - 1) where id > 1`,
  });
});
