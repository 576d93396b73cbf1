import { beforeAll, describe, expect, it } from "vitest";
import { runCli } from "../helpers/runCli.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

const database = useDatabase({ installed: true });

const audit = (...args: string[]) => runCli([...args, "--database-url", database.url, "--tz", "UTC"]);
const json = async (...args: string[]) => JSON.parse((await audit(...args, "--json")).stdout);

beforeAll(async () => {
  await database.sql.unsafe(`
    create table "Odd.Name" ("a b" int primary key, name text, hair_color text, age int);
    insert into "Odd.Name" values (1, 'Ada', 'red', 36), (2, 'Bob', 'grey', 70), (3, 'Cy', null, 12)`);
  expect((await runCli(["enable", '"Odd.Name"', "--database-url", database.url])).code).toBe(0);
  await audit("tag", "then");
  await database.sql.unsafe(`
    update "Odd.Name" set age = age + 1;
    delete from "Odd.Name" where name = 'Cy';
    alter table "Odd.Name" rename name to full_name;
    alter table "Odd.Name" drop hair_color;
    alter table "Odd.Name" add email text default 'none'`);
});

const at = (...args: string[]) => json("at-time", "tag:then", '"Odd.Name"', ...args);

describe("audit at-time", () => {
  it("shows the columns of today, those that were not there then as unknown", async () => {
    expect(await at()).toMatchObject({
      unknown: ["email"],
      items: [
        { "a b": "1", full_name: "Ada", age: "36", email: null },
        { "a b": "2", full_name: "Bob", age: "70", email: null },
        { "a b": "3", full_name: "Cy", age: "12", email: null },
      ],
    });
  });

  it("shows with --schema then the columns of then under their names of then, dropped ones as dropped", async () => {
    const answer = await at("--schema", "then");
    expect(answer.unknown).toEqual(["hair_color"]);
    expect(Object.keys(answer.items[0])).toEqual(["a b", "name", "hair_color", "age"]);
    expect(answer.items[2]).toEqual({ "a b": "3", name: "Cy", hair_color: null, age: "12" });
    const { stderr } = await audit("at-time", "tag:then", '"Odd.Name"', "--schema", "then");
    expect(stderr).toContain("note: column hair_color is unknown then (dropped since) and shown as NULL\n");
  });

  it("narrows to the rows for which a condition held then", async () => {
    const ages = async (where: string) =>
      (await at("--where", where)).items.map(({ age }: { age: string }) => age);
    expect(await ages("age between 30 and 40")).toEqual(["36"]);
    expect(await ages(`"Odd.Name".age > 36 or full_name = 'Cy' -- those`)).toEqual(["70", "12"]);
    expect(await ages("email is not null")).toEqual([]);
  });

  it("narrows to columns by name or glob, in the table's order", async () => {
    expect((await at("--columns", "age,full*")).items[0]).toEqual({ full_name: "Ada", age: "36" });
    expect((await at("--columns", '"a b"', "--where", "age = 70")).items).toEqual([{ "a b": "2" }]);
    expect((await at("--schema", "then", "--columns", "name")).items[0]).toEqual({ name: "Ada" });
  });

  it.each([
    ["an unknown column", ["--columns", "agee"], 2, /has no column "agee"\. Did you mean "age"\?/],
    ["a broken condition", ["--where", "age >"], 2, /syntax error/i],
    ["a condition on what is not there", ["--where", "agee > 1"], 2, /agee/],
    [
      "a second statement",
      ["--where", 'true); delete from public."Odd.Name"; select (true'],
      2,
      /multiple commands|syntax/i,
    ],
    ["a condition that closes what is around it", ["--where", "age > 1) or (true"], 2, /syntax error/],
    ["a condition with a comment that is never closed", ["--where", "true /* and"], 2, /unterminated/],
    ["two conditions", ["--where", "true, false"], 2, /\n {2}true, false\n {2}/],
    ["a value instead of a condition", ["--where", "full_name"], 2, /must be type boolean/],
    ["a parameter", ["--where", "age > $1"], 2, /it has a parameter, such as \$1\.\n {2}age > \$1\n {8}\^\n/],
    ["a condition that writes", ["--where", "nextval('audit.change_id') > 0"], 4, /read-only/],
    ["an unknown schema", ["--schema", "later"], 2, /Allowed choices are now, then/],
  ])("refuses %s", async (_what, args, code, message) => {
    const result = await audit("at-time", "tag:then", '"Odd.Name"', ...(args as string[]));
    expect(result).toMatchObject({ code, stderr: expect.stringMatching(message as RegExp) });
    expect(await database.sql`select from "Odd.Name"`).toHaveLength(2);
  });

  it("points at what is wrong with a condition, whatever stands before it", async () => {
    const result = await audit(
      "at-time",
      "tag:then",
      '"Odd.Name"',
      "1",
      "--where",
      "full_name = 'Ä\x1b' and agee > 1",
    );
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(result.stderr.split("\n").slice(1)).toEqual([
      `error: "full_name = 'Ä\\x1b' and agee > 1" is not a condition we can use: column "agee" does not exist.`,
      "  full_name = 'Ä\\x1b' and agee > 1",
      "                          ^",
      'Write a condition over its columns: "a b", full_name, age, email.',
      "",
    ]);
  });
});
