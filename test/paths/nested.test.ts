import { describe, expect, it } from "vitest";
import { useDatabase } from "../helpers/useDatabase.ts";
import { forms } from "./forms.ts";
import { usePath } from "./usePath.ts";

const database = useDatabase({ installed: true });

/** The order of changes of one row within one statement, where more than one part of it writes to the row. */
describe.each(forms)("A row that one statement writes to more than once, in a table %s", (_form, form) => {
  const path = usePath(database, form);
  const { audited, through } = path;

  const filled = `
    create table item (id int primary key, n int);
    insert into item values (1, 1), (2, 2), (3, 3);
    create function back(asked int) returns int language plpgsql as
      'begin insert into item values (asked, 50); update item set n = 51 where id = asked; return asked; end';
    create function touch(asked int) returns int language plpgsql as
      'begin update item set n = n + 100 where id = asked; return asked; end';
    create function away(asked int) returns int language plpgsql as
      'begin delete from item where id = asked; return asked; end'`;

  const merged = `
    merge into item using (values (1, 'leave'), (1, 'arrive')) as given (id, what)
    on item.id = given.id and given.what = 'leave'
    when matched then delete
    when not matched then insert values (given.id, 60)`;

  it.each([
    ["leaves and arrives by MERGE", merged],
    ["is changed before that", `begin; update item set n = 7 where id = 1; ${merged}; commit`],
    ["is changed after that", `begin; ${merged}; update item set n = 7 where id = 1; commit`],
    [
      "is changed before and after that",
      `begin; update item set n = 7 where id = 1; ${merged}; update item set n = 8 where id = 1; commit`,
    ],
    [
      "leaves after that",
      `begin; update item set n = 7 where id = 1; ${merged}; delete from item where id = 1; commit`,
    ],
    ["goes through that twice", `begin; ${merged}; update item set n = 7 where id = 1; ${merged}; commit`],
    [
      "leaves by one part of a statement and arrives by another",
      `begin; update item set n = 7 where id = 1;
       with gone as (delete from item where id = 1 returning *) insert into item select id, 5 from gone;
       update item set n = 8 where id = 1; commit`,
    ],
    [
      "arrives and is changed by a function of RETURNING",
      "insert into item values (4, 4) returning touch(4), touch(4)",
    ],
    [
      "arrives and is taken away by a function of RETURNING",
      "insert into item values (4, 4) returning away(4)",
    ],
    [
      "does so, and arrives again",
      "begin; insert into item values (4, 4) returning away(4); insert into item values (4, 5); commit",
    ],
  ])("has its past and goes on when it %s", async (_what, statement) => {
    await audited(filled);
    await through(statement, "update item set n = n + 1", "delete from item where id = 1");
    await path.expectPast();
  });

  // Captured by statement, what a function wrote stands before what called it, and no place tells that it came later.
  (form.byRow ? it : it.fails).each([
    [
      "a function of RETURNING puts it back, and changes it",
      "delete from item where id = 1 returning back(id)",
    ],
    [
      "one part deletes it, another puts it back, and a function of RETURNING changes it",
      `with gone as (delete from item where id = 1 returning *)
       insert into item select id, 50 from gone returning touch(id)`,
    ],
  ])("has its past when %s", async (_what, statement) => {
    await audited(filled);
    await through(statement);
    await path.expectPast();
    expect(await path.changes()).toHaveLength(3);
  });
});
