import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, inject, it } from "vitest";
import { type Connection, type Sql, withDatabase, withTransaction } from "../../src/connection/connect.ts";
import { sqlStateOf } from "../../src/connection/failure.ts";
import { ExitCode, SilentExit, UserError } from "../../src/errors.ts";
import { ClosedPipe } from "../../src/io.ts";
import { type FakeIo, fakeIo } from "../helpers/fakeIo.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

const database = useDatabase();

function connect<T>(work: (connection: Connection) => Promise<T>, io: FakeIo = fakeIo()): Promise<T> {
  return withDatabase({ databaseUrl: database.url }, io, work);
}

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("expected a failure");
}

async function userFailureOf(promise: Promise<unknown>): Promise<UserError> {
  const error = await failureOf(promise);
  if (error instanceof UserError) return error;
  throw error;
}

async function pidOf(sql: Sql): Promise<number> {
  const [row] = await sql<{ pid: number }[]>`select pg_catalog.pg_backend_pid() as pid`;
  return row?.pid ?? 0;
}

/** Ends the session from outside and waits until it is gone. */
async function terminate(pid: number): Promise<void> {
  await database.sql`select pg_terminate_backend(${pid}, 5000)`;
}

/** Sessions of the command on this database, besides our own. */
async function sessions(): Promise<{ pid: number; query: string }[]> {
  return database.sql<{ pid: number; query: string }[]>`
    select pid, query
    from pg_stat_activity
    where datname = current_database() and application_name = 'audit'`;
}

/** What a URL says, with some of it exchanged. */
function urlWith(change: (url: URL) => void): string {
  const url = new URL(database.url);
  change(url);
  return url.href;
}

afterEach(async () => {
  // Whatever a test does to the link, no session may stay behind.
  for (let tries = 0; tries < 20; tries++) {
    if ((await sessions()).length === 0) return;
    await sleep(50);
  }
  expect(await sessions()).toEqual([]);
});

describe("a session", () => {
  it("knows the user's own path and pins ours", async () => {
    await database.sql`create schema if not exists own_path`;
    await connect(async ({ sql, searchPath, serverVersion, isSuperuser, user, database: name }) => {
      expect(searchPath).toEqual(["public"]);
      expect(Math.floor(serverVersion / 10_000)).toBe(inject("postgresMajor"));
      expect({ isSuperuser, user, name }).toEqual({
        isSuperuser: true,
        user: "postgres",
        name: database.name,
      });
      const [row] = await sql`
        select
          current_setting('search_path') as path,
          current_setting('TimeZone') as zone,
          current_setting('DateStyle') as dates,
          current_setting('bytea_output') as bytes,
          current_setting('application_name') as application`;
      expect({ ...row }).toEqual({
        path: "pg_catalog, pg_temp",
        zone: "UTC",
        dates: "ISO, MDY",
        bytes: "hex",
        application: "audit",
      });
    });
  });

  it("reads the path that PGOPTIONS or the role asks for", async () => {
    const io = fakeIo({ env: { PGOPTIONS: "-c search_path=own_path,public" } });
    await database.sql`create schema if not exists own_path`;
    const path = await connect(async ({ searchPath }) => searchPath, io);
    expect(path).toEqual(["own_path", "public"]);
  });

  it("keeps values as the server writes them", async () => {
    await connect(async ({ sql }) => {
      const [row] = await sql`
        select
          '{"n": 12345678901234567890, "d": 1.10}'::jsonb as jsonb,
          '{"b":1, "a":2}'::json as json,
          '2026-11-22 10:00:00.123456+00'::timestamptz as at,
          'infinity'::timestamptz as never,
          '0044-03-15 BC'::date as ides,
          '12:00:00.5'::time as noon,
          '1 mon'::interval as month,
          '\\x00ff'::bytea as bytes,
          9007199254740993::int8 as big,
          '{a,NULL,"b,c"}'::text[] as texts,
          '[0:1]={1.10,2}'::numeric[] as numbers,
          array['2026-11-22 10:00:00.123456+00'::timestamptz] as times,
          true as yes`;
      expect({ ...row }).toEqual({
        jsonb: '{"d": 1.10, "n": 12345678901234567890}',
        json: '{"b":1, "a":2}',
        at: "2026-11-22 10:00:00.123456+00",
        never: "infinity",
        ides: "0044-03-15 BC",
        noon: "12:00:00.5",
        month: "1 mon",
        bytes: "\\x00ff",
        big: "9007199254740993",
        texts: ["a", null, "b,c"],
        numbers: "[0:1]={1.10,2}",
        times: '{"2026-11-22 10:00:00.123456+00"}',
        yes: true,
      });
    });
  });

  it("sends parameters as they are given", async () => {
    await connect(async ({ sql }) => {
      const [row] = await sql`
        select
          ${["1", "9007199254740993"]}::bigint[]::text as ids,
          ${['a"b', null, "c\\d"]}::text[]::text as texts,
          ${sql.array(["x", "y"])}::text as array,
          ${'{"a": 1.10}'}::jsonb::text as json_text,
          ${sql.json({ a: 1 })}::text as json_value,
          ${"2026-11-22 10:00:00.123456+00"}::timestamptz::text as at,
          ${"true"}::boolean as yes`;
      expect({ ...row }).toEqual({
        ids: "{1,9007199254740993}",
        texts: '{"a\\"b",NULL,"c\\\\d"}',
        array: "{x,y}",
        json_text: '{"a": 1.10}',
        json_value: '{"a": 1}',
        at: "2026-11-22 10:00:00.123456+00",
        yes: true,
      });
    });
  });

  it("keeps notices to itself and says warnings on stderr in one line", async () => {
    const io = fakeIo();
    await connect(async ({ sql }) => {
      await sql.unsafe(
        `do $$ begin raise notice 'canary'; raise warning 'careful%now', E'\\n\\x1b[31m'; end $$`,
      );
    }, io);
    expect(io.stdout).toBe("");
    expect(io.stderr).toBe("warning: careful \\x1b[31mnow\n");
  });

  it("takes nothing from the driver's own variables", async () => {
    const odd = {
      PGMAX: "3",
      PGDEBUG: "1",
      PGFETCH_TYPES: "1",
      PGTARGETSESSIONATTRS: "any",
      PGAPPNAME: "odd",
    };
    Object.assign(process.env, odd);
    try {
      const name = await connect(
        async ({ sql }) => (await sql`select current_setting('application_name') as name`)[0],
      );
      expect(name?.name).toBe("audit");
      expect(process.env.PGTARGETSESSIONATTRS).toBe("any");
    } finally {
      for (const key of Object.keys(odd)) delete process.env[key];
    }
  });

  it("streams with a cursor, and may be left early", async () => {
    await connect(async ({ sql }) => {
      let count = 0;
      for await (const rows of sql`select n from generate_series(1, 100000) as n`.cursor(500)) {
        count += rows.length;
        if (count >= 1000) break;
      }
      expect(count).toBe(1000);
      expect((await sql`select 1 as one`)[0]?.one).toBe(1);
    });
  });
});

describe("a transaction", () => {
  it("commits what it did, and pins the settings in itself", async () => {
    await database.sql`create table kept (id int)`;
    await connect(({ sql }) =>
      withTransaction(sql, { lockTimeoutMs: 750, statementTimeoutMs: 2000 }, async (tx) => {
        await tx`insert into public.kept values (1)`;
        const [row] = await tx`
          select
            current_setting('search_path') as path,
            current_setting('lock_timeout') as lock,
            current_setting('statement_timeout') as statement,
            current_setting('transaction_isolation') as isolation`;
        expect({ ...row }).toEqual({
          path: "pg_catalog, pg_temp",
          lock: "750ms",
          statement: "2s",
          isolation: "read committed",
        });
      }),
    );
    expect(await database.sql`select id from kept`).toHaveLength(1);
  });

  it("rolls back when the work throws, and lets its error through", async () => {
    await database.sql`create table undone (id int)`;
    const failure = new ClosedPipe();
    const error = await failureOf(
      connect(({ sql }) =>
        withTransaction(sql, {}, async (tx) => {
          await tx`insert into public.undone values (1)`;
          throw failure;
        }),
      ),
    );
    expect(error).toBe(failure);
    expect(await database.sql`select id from undone`).toHaveLength(0);
  });

  it("is read-only and of one snapshot where asked", async () => {
    const error = await userFailureOf(
      connect(({ sql }) =>
        withTransaction(sql, { readOnly: true, isolation: "repeatable read" }, async (tx) => {
          expect((await tx`select current_setting('transaction_isolation') as level`)[0]?.level).toBe(
            "repeatable read",
          );
          await tx`create table public.never (id int)`;
        }),
      ),
    );
    expect(error.exitCode).toBe(ExitCode.Surroundings);
    expect(error.detail).toBe("SQLSTATE 25006");
  });

  it("gives the SQLSTATE to who wants to react to it, and can go on afterwards", async () => {
    await connect(async ({ sql }) => {
      const error = await failureOf(withTransaction(sql, {}, (tx) => tx`select 1 / 0`));
      expect(sqlStateOf(error)).toBe("22012");
      expect(await withTransaction(sql, {}, async (tx) => (await tx`select 1 as one`)[0]?.one)).toBe(1);
    });
  });

  it("does not pass for done when a failed statement was swallowed", async () => {
    const error = await failureOf(
      connect(({ sql }) =>
        withTransaction(sql, {}, async (tx) => {
          await tx`select 1 / 0`.catch(() => {});
        }),
      ),
    );
    expect(error).toMatchObject({ message: expect.stringContaining("swallowed") });
  });

  it("says nothing on stderr when COMMIT itself fails", async () => {
    await database.sql`create table deferred (id int unique deferrable initially deferred)`;
    const io = fakeIo();
    const error = await failureOf(
      connect(
        ({ sql }) => withTransaction(sql, {}, (tx) => tx`insert into public.deferred values (1), (1)`),
        io,
      ),
    );
    expect(sqlStateOf(error)).toBe("23505");
    expect(io.stderr).toBe("");
  });
});

describe("a link that breaks", () => {
  it("does not let the tail of a transaction run on another connection", async () => {
    await database.sql`create table tail (id int)`;
    const error = await userFailureOf(
      connect(({ sql }) =>
        withTransaction(sql, {}, async (tx) => {
          await tx`insert into public.tail values (1)`;
          await terminate(await pidOf(tx));
          await tx`insert into public.tail values (2)`.catch(() => {});
          await tx`insert into public.tail values (3)`;
        }),
      ),
    );
    expect(error.exitCode).toBe(ExitCode.Surroundings);
    expect(error.message).toContain("connection to the server was lost");
    expect(await database.sql`select id from tail`).toHaveLength(0);
  });

  it("is told while a statement runs", async () => {
    const error = await userFailureOf(
      connect(async ({ sql }) => {
        const pid = await pidOf(sql);
        await Promise.all([sql`select pg_sleep(30)`, sleep(100).then(() => terminate(pid))]);
      }),
    );
    expect(error.exitCode).toBe(ExitCode.Surroundings);
    expect(error.message).toContain("was lost");
  });

  it("is told when it cuts a cursor short between two batches", async () => {
    let count = 0;
    const error = await userFailureOf(
      connect(async ({ sql }) => {
        const pid = await pidOf(sql);
        for await (const rows of sql`select n from generate_series(1, 5000) as n`.cursor(500)) {
          count += rows.length;
          if (count === 1000) {
            await terminate(pid);
            await sleep(50);
          }
        }
      }),
    );
    expect(count).toBeLessThan(5000);
    expect(error.exitCode).toBe(ExitCode.Surroundings);
    expect(error.message).toContain("incomplete");
  });

  it("is no matter when all was answered before", async () => {
    const result = await connect(async ({ sql }) => {
      await terminate(await pidOf(sql));
      await sleep(50);
      return "answer";
    });
    expect(result).toBe("answer");
  });

  it("becomes a sentence even where the driver throws outside of any promise", async () => {
    // The test runner would take the exception for a failure of its own.
    const others = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    try {
      const error = await userFailureOf(
        connect(async ({ sql }) => {
          const pid = await pidOf(sql);
          for await (const _ of sql`select n from generate_series(1, 5000) as n`.cursor(500)) {
            await terminate(pid);
            await sleep(50);
            break;
          }
        }),
      );
      expect(error.exitCode).toBe(ExitCode.Surroundings);
    } finally {
      for (const listener of others) process.on("uncaughtException", listener);
    }
  });

  it("harms nobody when interrupted work goes on once its reader does", async () => {
    // The test runner would take the exception for a failure of its own.
    const others = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    try {
      const io = fakeIo();
      let readOn = () => {};
      const reader = new Promise<void>((resolve) => {
        readOn = resolve;
      });
      const running = withDatabase({ databaseUrl: database.url }, io, async ({ sql }) => {
        for await (const _ of sql`select n from generate_series(1, 5000) as n`.cursor(500)) {
          io.signal("SIGINT");
          await reader;
          throw new ClosedPipe();
        }
      });
      await expect(running).rejects.toMatchObject({ exitCode: ExitCode.Interrupted });
      readOn();
      await sleep(100);
    } finally {
      for (const listener of others) process.on("uncaughtException", listener);
    }
  });

  it("leaves the outcome open when it breaks during COMMIT", async () => {
    await database.sql`create table open_end (id int)`;
    await database.sql.unsafe(`
      create function slow_commit() returns trigger language plpgsql as $$
      begin perform pg_sleep(30); return null; end $$;
      create constraint trigger slow after insert on open_end
        deferrable initially deferred for each row execute function slow_commit()`);
    const error = await userFailureOf(
      connect(async ({ sql }) => {
        const pid = await pidOf(sql);
        await Promise.all([
          withTransaction(sql, {}, (tx) => tx`insert into public.open_end values (1)`),
          sleep(200).then(() => terminate(pid)),
        ]);
      }),
    );
    expect(error.exitCode).toBe(ExitCode.Surroundings);
    expect(error.message).toContain("COMMIT");
  });
});

describe("the first signal", () => {
  it.each([
    ["SIGINT", ExitCode.Interrupted],
    ["SIGTERM", ExitCode.Terminated],
  ] as const)("cancels the server's query on %s", async (signal, exitCode) => {
    const io = fakeIo();
    const running = failureOf(connect(({ sql }) => sql`select pg_sleep(60)`, io));
    await sleep(300);
    expect((await sessions()).map(({ query }) => query)).toEqual(["select pg_sleep(60)"]);
    const start = performance.now();
    io.signal(signal);
    const error = await running;
    expect(error).toBeInstanceOf(SilentExit);
    expect(error).toMatchObject({ exitCode });
    expect(io.stderr).toBe("cancelling\n");
    await expect.poll(sessions, { timeout: 1000 }).toEqual([]);
    expect(performance.now() - start).toBeLessThan(1000);
  });

  it("also ends work that goes on after each failure", async () => {
    const io = fakeIo();
    let rounds = 0;
    const running = failureOf(
      connect(async ({ sql }) => {
        for (; rounds < 100; rounds++) await sql`select pg_sleep(5)`.catch(() => {});
      }, io),
    );
    await sleep(300);
    io.signal("SIGINT");
    expect(await running).toMatchObject({ exitCode: ExitCode.Interrupted });
    await expect.poll(sessions, { timeout: 1000 }).toEqual([]);
  });
});

describe("the first signal, with several queries asked at once", () => {
  it("leaves none of them running on the server", async () => {
    const io = fakeIo();
    const running = failureOf(
      connect(({ sql }) => Promise.all([sql`select pg_sleep(30)`, sql`select pg_sleep(31)`]), io),
    );
    await sleep(300);
    io.signal("SIGINT");
    expect(await running).toMatchObject({ exitCode: ExitCode.Interrupted });
    await expect.poll(sessions, { timeout: 1000 }).toEqual([]);
  });
});

describe("work that stops early", () => {
  it("passes its own error and leaves no query running on the server", async () => {
    const failure = new ClosedPipe();
    const error = await failureOf(
      connect(async ({ sql }) => {
        sql`select pg_sleep(60)`.catch(() => {});
        await sleep(100);
        throw failure;
      }),
    );
    expect(error).toBe(failure);
    await expect.poll(sessions, { timeout: 1000 }).toEqual([]);
  });
});

describe("a server that says no", () => {
  const role = "connect_test_role";

  it("is quoted for a wrong password, which is not", async () => {
    await database.sql.unsafe(`drop role if exists ${role}; create role ${role} login password 'right'`);
    try {
      const wrong = await userFailureOf(
        withDatabase(
          {
            databaseUrl: urlWith((url) => {
              url.username = role;
              url.password = "hunter2";
            }),
          },
          fakeIo(),
          async () => {},
        ),
      );
      expect(wrong.exitCode).toBe(ExitCode.Surroundings);
      expect(wrong.message).toContain(`password authentication failed for user "${role}"`);
      expect(wrong.message).toContain(`postgresql://${role}@`);
      expect(`${wrong.message} ${wrong.hint} ${wrong.detail} ${wrong.stack}`).not.toContain("hunter2");
      const none = await userFailureOf(
        withDatabase(
          {
            databaseUrl: urlWith((url) => {
              url.username = role;
              url.password = "";
            }),
          },
          fakeIo({ env: { HOME: "/nonexistent" } }),
          async () => {},
        ),
      );
      expect(none.message).toContain("asks for a password, and none was given");
      expect(none.hint).toContain("/nonexistent/.pgpass");
    } finally {
      await database.sql.unsafe(`drop role ${role}`);
    }
  });

  it("is quoted for a database that does not exist", async () => {
    const error = await userFailureOf(
      withDatabase({ databaseUrl: urlWith((url) => (url.pathname = "/nowhere")) }, fakeIo(), async () => {}),
    );
    expect(error.exitCode).toBe(ExitCode.Surroundings);
    expect(error.message).toMatch(
      /^Cannot connect to postgresql:\/\/.*nowhere: database "nowhere" does not exist\.$/,
    );
  });

  it("is tried again while it is full, and then told", async () => {
    await database.sql.unsafe(`create role ${role}_limited login password 'x' connection limit 0`);
    try {
      const error = await userFailureOf(
        withDatabase(
          {
            databaseUrl: urlWith((url) => {
              url.username = `${role}_limited`;
              url.password = "x";
              url.searchParams.set("connect_timeout", "2");
            }),
          },
          fakeIo(),
          async () => {},
        ),
      );
      expect(error.detail).toBe("SQLSTATE 53300");
      expect(error.exitCode).toBe(ExitCode.Surroundings);
    } finally {
      await database.sql.unsafe(`drop role ${role}_limited`);
    }
  });

  it("is passed over for the kind of server that was asked for", async () => {
    const error = await userFailureOf(
      withDatabase(
        { databaseUrl: urlWith((url) => url.searchParams.set("target_session_attrs", "standby")) },
        fakeIo(),
        async () => {},
      ),
    );
    expect(error.message).toContain('it is not "standby", which target_session_attrs asks for');
  });

  it("is reached over the second host when the first is down", async () => {
    const { host } = new URL(database.url);
    const url = database.url.replace(host, `127.0.0.1:1,${host}`);
    expect(await withDatabase({ databaseUrl: url }, fakeIo(), async ({ database: name }) => name)).toBe(
      database.name,
    );
  });
});

describe("a password file", () => {
  it("gives the password that the URL leaves out", async () => {
    const { mkdtemp, rm, writeFile } = await import("node:fs/promises");
    const { tmpdir } = await import("node:os");
    const home = await mkdtemp(`${tmpdir()}/pgtrail-home-`);
    const url = new URL(database.url);
    await writeFile(`${home}/.pgpass`, `*:${url.port}:*:${url.username}:${url.password}\n`, { mode: 0o600 });
    const without = urlWith((changed) => (changed.password = ""));
    try {
      const io = fakeIo({ env: { HOME: home } });
      expect(await withDatabase({ databaseUrl: without }, io, async ({ user }) => user)).toBe(url.username);
      expect(io.stderr).toBe("");
    } finally {
      await rm(home, { recursive: true });
    }
  });
});
