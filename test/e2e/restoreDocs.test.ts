import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { auditOf } from "../helpers/auditOf.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

const database = useDatabase({ installed: true });
const audit = auditOf(database, { env: { TZ: "UTC" } });

/** The commands of a session and what each printed, as a page shows them after `heading`. */
function sessionOf(page: string, heading: string): { line: string; printed: string }[] {
  const text = readFileSync(new URL(`../../${page}`, import.meta.url), "utf8");
  const block = /```console\n([^`]*)```/.exec(text.slice(text.indexOf(heading)))?.[1] ?? "";
  return block
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [line = "", ...printed] = part.split("\n");
      return { line, printed: printed.join("\n") };
    });
}

const pages = [
  ["README.md", "**A mistake, and its repair.**"],
  ["docs/restore.md", "## A mistake, and its repair"],
] as const;

it.each(pages)("%s shows what a mistake and its repair look like", async (page, heading) => {
  const { sql } = database;
  await sql.unsafe(`
    drop schema public cascade; create schema public;
    create table customers (id int primary key, name text, email text, plan text);
    create table invoices (id serial primary key, customer int not null references customers on delete cascade, total numeric);
    insert into customers values (1, 'Ada', 'ada@example.org', 'pro'), (2, 'Bob', 'bob@example.org', 'free'),
      (3, 'Cleo', 'cleo@example.org', 'pro');
    insert into invoices (customer, total) values (1, 19.90), (2, 5), (3, 19.90), (3, 7.50);
    delete from audit.tag; delete from audit.operation; alter table audit.operation alter id restart`);
  await audit("enable", "customers", "invoices");
  await audit("tag", "before-cleanup");
  await sql.unsafe(`
    update customers set plan = 'free'; delete from customers where name = 'Cleo';
    insert into customers values (4, 'Dan', 'dan@example.org', 'pro'); insert into invoices (customer, total) values (4, 12)`);
  const session = sessionOf(page, heading);
  expect(session.length).toBeGreaterThan(1);
  for (const { line, printed } of session) {
    const [, words = "", tail] = /^audit (.*?)(?: \| tail -(\d+))?$/.exec(line) ?? [];
    const args = [...words.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? "");
    const { stdout } = await audit.run(args);
    const lines = stdout.trimEnd().split("\n");
    expect({ line, printed: `${lines.slice(tail === undefined ? 0 : -Number(tail)).join("\n")}\n` }).toEqual({
      line,
      printed,
    });
  }
});
