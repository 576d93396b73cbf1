import { beforeAll, describe, expect, it } from "vitest";
import { auditOf } from "../helpers/auditOf.ts";
import { connectTo } from "../helpers/client.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

const database = useDatabase({ installed: true });
const audit = auditOf(database);

beforeAll(async () => {
  await database.sql.unsafe(
    "create table users (id int primary key); create table orders (id int primary key)",
  );
});

/** The plans of the last so many operations, oldest first. */
async function noted(count: number): Promise<unknown[]> {
  const rows = await database.sql<{ plan: string }[]>`
    select plan::text as plan from (select id, plan from audit.operation order by id desc limit ${count}) as newest order by id`;
  return rows.map(({ plan }) => JSON.parse(plan) as unknown);
}

async function refused(...args: string[]): Promise<string> {
  const before = await audit.items("retention");
  const { code, stdout, stderr } = await audit.run(["retention", "set", ...args]);
  expect({ code, stdout }).toEqual({ code: 5, stdout: "" });
  const dry = await audit.run(["retention", "set", ...args, "--dry-run"]);
  expect(dry).toEqual({ code, stdout, stderr });
  expect(await audit.items("retention")).toEqual(before);
  return stderr;
}

describe("retention set", () => {
  it.each(["3 months", "1 year 6 months", "90d", "forever"])("tells that %s is what it was", async (keep) => {
    await audit("retention", "set", "same", keep);
    const { stdout, stderr } = await audit("retention", "set", "same", keep);
    expect(stdout).toMatch(/^Retention same still keeps /);
    expect(stderr).toBe("");
  });

  it("tells 30 days from a month", async () => {
    await audit("retention", "set", "month", "1 month");
    const { stdout } = await audit("retention", "set", "month", "30 days");
    expect(stdout).toContain("kept 1 mon, now keeps 30 days");
  });

  it("tells whose changes the next prune removes where a class is to keep less, and only then", async () => {
    await audit("retention", "set", "normal", "1y");
    await audit("enable", "users", "--retain", "normal");
    expect((await audit("retention", "set", "normal", "2y")).stderr).toBe("");
    const { stderr } = await audit("retention", "set", "normal", "30d");
    expect(stderr).toBe(
      "note: normal keeps less than before: of public.users the next audit prune removes what is older than 30 days, and the past before that can no longer be rebuilt. See what goes with: audit prune --dry-run\n",
    );
    expect((await audit("retention", "set", "normal", "30d")).stderr).toBe("");
    expect((await audit("retention", "set", "normal", "forever")).stderr).toBe("");
    expect((await audit("retention", "set", "normal", "1 month")).stderr).toContain("is older than 1 mon,");
    // Thirty days are less than the longer months.
    expect((await audit("retention", "set", "normal", "30d")).stderr).toContain("is older than 30 days,");
    expect((await audit("retention", "set", "unused", "2y")).stderr).toBe("");
    expect((await audit("retention", "set", "unused", "1y")).stderr).toBe("");
  });
});

describe("enable --retain", () => {
  it("tells what moving to a class that keeps less means for the past", async () => {
    await audit("retention", "set", "long", "1y");
    await audit("enable", "orders", "--retain", "long");
    const { stderr } = await audit("enable", "orders", "--retain", "10d");
    expect(stderr).toBe(
      "note: public.orders: changes from now on go after 10 days, and their past can then be rebuilt only as far back; what is recorded so far stays in its history as long as class long keeps it (1 year).\n",
    );
    expect((await audit("enable", "orders", "--retain", "10d")).stderr).toBe("");
    expect((await audit("enable", "orders", "--retain", "long")).stderr).toBe("");
    expect((await audit("enable", "orders", "--retain", "forever")).stderr).toBe("");
  });
});

describe("a floor", () => {
  it("is set, told, and keeps the class from being told to keep less", async () => {
    expect((await audit("retention", "set", "tax", "10y", "--floor", "7y")).stdout).toMatch(
      /^Retention tax keeps 10 years\. It cannot be set below 7 years from now on\.\n/,
    );
    expect(await noted(1)).toEqual([
      { name: "tax", keep: "10 years", former: null, floor: "7 years", former_floor: null },
    ]);
    expect(await refused("tax", "6y")).toBe(
      "error: The class tax may not keep less than its floor of 7 years; 6 years can be less.\n" +
        "Keep more, or take the floor away, which is noted: audit retention set tax '6 years' --floor none\n",
    );
    await audit("retention", "set", "tax", "7y");
    await audit("retention", "set", "tax", "forever");
    const rows = await audit.items<{ name: string }>("retention");
    expect(rows.find(({ name }) => name === "tax")).toMatchObject({ keep: null, floor: "7 years" });
    expect(rows.find(({ name }) => name === "forever")).toMatchObject({ floor: null });
    expect((await audit("retention")).stdout).toMatch(/tax +for ever +7 years/);
  });

  it("goes by the calendar: days that can be fewer than months are less", async () => {
    await audit("retention", "set", "yearly", "2y", "--floor", "1y");
    expect(await refused("yearly", "365d")).toContain("365 days can be less");
    expect(await refused("yearly", "11 months")).toContain("11 mons can be less");
    await audit("retention", "set", "yearly", "366d");
    await audit("retention", "set", "yearly", "12 months");
  });

  it("is raised as far as the class keeps, and not lowered but by taking it away, which is noted", async () => {
    await audit("retention", "set", "care", "3y", "--floor", "1y");
    await audit("retention", "set", "care", "3y", "--floor", "2y");
    expect(await refused("care", "3y", "--floor", "4y")).toContain(
      "may not keep less than its floor of 4 years",
    );
    expect(await refused("care", "3y", "--floor", "18 months")).toBe(
      "error: The floor of care is 2 years; 1 year 6 mons can be less.\n" +
        "A floor is lowered by taking it away first: audit retention set care '3 years' --floor none\n",
    );
    const { stdout } = await audit("retention", "set", "care", "90d", "--floor", "none");
    expect(stdout).toMatch(/^Retention care kept 3 years, now keeps 90 days\. Its floor is taken away\.\n/);
    expect(await noted(1)).toEqual([
      { name: "care", keep: "90 days", former: "3 years", floor: null, former_floor: "2 years" },
    ]);
    await audit("retention", "set", "care", "30d");
  });

  it("stands when the class is set without a word of it", async () => {
    await audit("retention", "set", "still", "3y", "--floor", "2y");
    await audit("retention", "set", "still", "5y");
    expect(await refused("still", "1y")).toContain("its floor of 2 years");
  });

  it("holds for whoever writes to the table by hand, too", async () => {
    await audit("retention", "set", "byhand", "3y", "--floor", "2y");
    await expect(
      database.sql`update audit.retention set keep = '1 year' where name = 'byhand'`,
    ).rejects.toMatchObject({ code: "23514" });
  });

  it("is printed with --dry-run as SQL that does the same", async () => {
    const { stdout } = await audit("retention", "set", "dry", "3y", "--floor", "2y", "--dry-run");
    expect((await audit.items<{ name: string }>("retention")).map(({ name }) => name)).not.toContain("dry");
    const session = connectTo(database.url, { max: 1 });
    await session.unsafe(stdout).simple();
    await session.end();
    const rows = await audit.items<{ name: string }>("retention");
    expect(rows.find(({ name }) => name === "dry")).toMatchObject({ keep: "3 years", floor: "2 years" });
    expect(await noted(1)).toEqual([
      { name: "dry", keep: "3 years", former: null, floor: "2 years", former_floor: null },
    ]);
  });
});
