import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { installScripts } from "../../src/db/templates.ts";
import { runCli } from "../helpers/runCli.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

const database = useDatabase({ installed: true });
const squawk = fileURLToPath(new URL("../../node_modules/.bin/squawk", import.meta.url));

/** Rules of squawk that are not for us, with the reason. */
const everywhere: Readonly<Record<string, string>> = {
  "require-statement-timeout":
    "Statements of ours are not cut short by the clock, only in waiting for locks.",
};

const forTheSchema: Readonly<Record<string, string>> = {
  ...everywhere,
  "require-lock-timeout":
    "The tables are new: nobody holds a lock on them. The client sets one all the same.",
  "prefer-robust-stmts": "It runs once, in one transaction; a half installation cannot come about.",
  "require-concurrent-index-creation":
    "The tables are new and empty; in a transaction it is not allowed either.",
  "prefer-bigint-over-int": "These number tables, classes, segments and eras. What counts changes is bigint.",
  "prefer-bigint-over-smallint": "Attribute numbers are smallint in the catalog.",
  "ban-char-field": 'It is the one-byte type "char", as in the catalog, and not character(1).',
};

interface Finding {
  readonly line: number;
  readonly rule_name: string;
  readonly message: string;
}

/** What squawk has against the SQL, as one line each. */
function findings(sql: string, excluded: Readonly<Record<string, string>>): string[] {
  const { stdout, stderr, error } = spawnSync(
    squawk,
    [
      "--reporter",
      "json",
      "--pg-version",
      "15.0",
      "--exclude",
      Object.keys(excluded).join(),
      "--stdin-filepath",
      "stdin.sql",
    ],
    { input: sql, encoding: "utf8", timeout: 60_000 },
  );
  if (error) throw error;
  if (!stdout.startsWith("[")) throw new Error(`squawk gave no answer: ${stdout}${stderr}`);
  return (JSON.parse(stdout) as Finding[]).map(
    ({ line, rule_name, message }) => `${rule_name}: ${message} ${sql.split("\n")[line] ?? ""}`,
  );
}

/** What the command would run, as it prints it. */
async function dryRun(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCli([...args, "--dry-run"], {
    env: { DATABASE_URL: database.url },
  });
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return stdout;
}

it("finds nothing in the schema", () => {
  expect(findings(installScripts("audit").schema, forTheSchema)).toEqual([]);
});

it("finds nothing in functions, views and triggers of the installation", () => {
  const { functions, views, appendOnly, roles, grants, eventTriggers } = installScripts("audit");
  for (const script of [functions, views, appendOnly, roles, grants, eventTriggers])
    expect(
      findings(script, { ...everywhere, "require-lock-timeout": "Part of the same transaction." }),
    ).toEqual([]);
});

it("finds nothing in what enable and disable would run on tables in use", async () => {
  await database.sql.unsafe(`
    create table person (id int primary key, name text, token text);
    create table sale (id int, region text, total numeric, primary key (id, region)) partition by list (region);
    create table sale_eu partition of sale for values in ('eu')`);
  const enable = await dryRun("enable", "person", "sale", "--exclude", "*token");
  expect(enable).toMatch(/^begin;\nset local lock_timeout = '700ms';\n/);
  expect(findings(enable, everywhere)).toEqual([]);
  await runCli(["enable", "person", "sale"], { env: { DATABASE_URL: database.url } });
  const disable = await dryRun("disable", "person", "sale");
  expect(disable).toMatch(/^begin;\nset local lock_timeout = '700ms';\n/);
  expect(findings(disable, everywhere)).toEqual([]);
});

it("notices what there is to notice", () => {
  expect(findings("alter table person add column email varchar(9) not null;", everywhere)).not.toEqual([]);
  expect(findings("select from where", everywhere)[0]).toMatch(/^syntax-error/);
});

it("needs each of the exclusions", () => {
  const { schema } = installScripts("audit");
  for (const rule of Object.keys(forTheSchema)) {
    const others = Object.fromEntries(Object.entries(forTheSchema).filter(([name]) => name !== rule));
    expect(findings(schema, others).join(), rule).toMatch(rule);
  }
});
