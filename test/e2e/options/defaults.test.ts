import { beforeEach, describe, expect, it } from "vitest";
import { auditOf } from "../../helpers/auditOf.ts";
import { connectTo } from "../../helpers/client.ts";
import { useDatabase } from "../../helpers/useDatabase.ts";

const database = useDatabase({ installed: true });
const audit = auditOf(database);

beforeEach(async () => {
  await database.sql.unsafe(`
    drop table if exists users cascade;
    delete from audit.defaults;
    create table users (id int primary key, name text, api_token text, password text)`);
});

interface Enabled {
  readonly did: string;
  readonly detail: string;
}

const operations = () =>
  database.sql<{ kind: string; plan: string }[]>`
    select kind, plan from audit.operation where kind = 'defaults' order by id`;

async function refused(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await audit.run(args);
  expect({ args, code, stdout }).toEqual({ args, code: 2, stdout: "" });
  return stderr;
}

describe("audit defaults", () => {
  it("says that nothing is set, and then what is", async () => {
    expect(await audit("defaults")).toEqual({
      stdout: "",
      stderr: "Nothing is set: tables are enabled with what audit enable does by itself.\n",
    });
    expect(await audit.items("defaults")).toEqual([]);
    await audit("defaults", "set", "--images", "full", "--exclude", '*_token,"Odd, Name"', "--no-always");
    expect((await audit("defaults", "list")).stdout).toMatch(
      /^default +value\nexclude +\*_token, "Odd, Name"\nimages +full\nalways +no\n$/,
    );
    expect(await audit.items("defaults")).toEqual([
      { name: "exclude", value: ["*_token", '"Odd, Name"'] },
      { name: "images", value: "full" },
      { name: "always", value: false },
    ]);
  });

  it("says of each setting what it was, is now, and for whom", async () => {
    const first = await audit("defaults", "set", "--redact", "password", "--on-truncate", "record");
    expect(first.stdout).toBe(
      "Default redact was not set, is now password.\nDefault on-truncate was not set, is now record.\n" +
        "This holds for tables that are enabled from now on; those audited already stay as they are.\n",
    );
    expect(
      await audit.items("defaults", "set", "--redact", "", "--on-truncate", "record", "--statement"),
    ).toEqual([
      { name: "redact", value: null, former: ["password"] },
      { name: "on-truncate", value: "record", former: "record" },
      { name: "statement", value: true, former: null },
    ]);
    const { stdout } = await audit("defaults", "unset", "statement", "retain");
    expect(stdout).toContain(
      "Default statement was yes, is now not set.\nDefault retain is not set, as before.\n",
    );
    expect(await audit.items("defaults")).toEqual([{ name: "on-truncate", value: "record" }]);
  });

  it("leaves a note of each run, and none of a dry run, which prints what it would do", async () => {
    const before = (await operations()).length;
    const args = ["defaults", "set", "--exclude", "it's,b_*", "--retain", "77d"].map((arg) =>
      arg === "it's,b_*" ? `"it's",b_*` : arg,
    );
    const { stdout: script } = await audit(...args, "--dry-run");
    expect(await audit.items("defaults")).toEqual([]);
    const session = connectTo(database.url, { max: 1 });
    await session.unsafe(script).simple();
    await session.end();
    const set = await audit.items("defaults");
    expect(set).toEqual([
      { name: "exclude", value: [`"it's"`, "b_*"] },
      { name: "retain", value: "77d" },
    ]);
    await audit(...args);
    expect(await audit.items("defaults")).toEqual(set);
    await audit("defaults", "unset", "exclude");
    const plans = (await operations()).slice(before).map(({ plan }) => JSON.parse(plan));
    const plan = { exclude: [`"it's"`, "b_*"], retain: "77d" };
    expect(plans).toEqual([plan, plan, { exclude: null }]);
  });

  it("refuses what enable would", async () => {
    await audit("defaults", "set", "--exclude", "*_token");
    expect(await refused("defaults", "set", "--statement")).toContain("keep out of the log");
    expect(await refused("defaults", "set", "--statement", "--redact", "a")).toContain("keep out of the log");
    await audit("defaults", "set", "--statement", "--exclude", "");
    expect(await refused("defaults", "set", "--redact", "password")).toContain(
      "audit defaults unset statement",
    );
    expect(await refused("defaults", "set", "--exclude", "a-b")).toContain("not a column name or glob");
    expect(await refused("defaults", "set", "--retain", "unheard-of")).toContain(
      "There is no retention class unheard-of",
    );
    expect(await refused("defaults", "set")).toContain("No default is given.");
    expect(await refused("defaults", "unset", "colour")).toContain("colour");
    expect(await audit.items("defaults")).toEqual([{ name: "statement", value: true }]);
  });
});

describe("a table that is enabled for the first time", () => {
  it("is audited by the defaults, where nothing else is asked", async () => {
    await audit(
      "defaults",
      "set",
      "--exclude",
      "*_token,nowhere",
      "--redact",
      "password,id",
      "--retain",
      "33d",
    );
    await audit(
      "defaults",
      "set",
      "--images",
      "full",
      "--on-truncate",
      "forbid",
      "--always",
      "--oversize",
      "digest",
    );
    const [enabled] = await audit.items<Enabled>("enable", "users", "--images", "lean");
    expect(enabled).toMatchObject({
      did: "enabled",
      detail:
        "without api_token; password redacted; lean images; in replica role, too; kept 33 days; TRUNCATE forbidden",
    });
    const [row] = await database.sql`
      select oversize, always from audit.relation where table_name = 'users' and dropped_at is null`;
    expect(row).toEqual({ oversize: "digest", always: true });
  });

  it("keeps what it got when the defaults change later, also when it is disabled in between", async () => {
    await audit("defaults", "set", "--exclude", "api_token");
    await audit("enable", "users");
    await audit("defaults", "set", "--exclude", "password", "--images", "full");
    expect((await audit.items<Enabled>("enable", "users"))[0]?.did).toBe("unchanged");
    await audit("disable", "users");
    expect((await audit.items<Enabled>("enable", "users"))[0]?.detail).toBe(
      "without api_token; kept for ever",
    );
    expect((await audit.items<Enabled>("enable", "users", "--exclude", ""))[0]?.detail).toBe("kept for ever");
  });

  it("must not exclude beside a default that keeps statements, unless that is accepted", async () => {
    await audit("defaults", "set", "--statement");
    expect(await refused("enable", "users", "--exclude", "password")).toContain("--statement-anyway");
    const [enabled] = await audit.items<Enabled>("enable", "users");
    expect(enabled?.detail).toContain("with the statement's text");
  });
});
