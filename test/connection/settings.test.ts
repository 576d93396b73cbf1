import { describe, expect, it } from "vitest";
import { type ConnectionSettings, redactedUrl, resolveSettings } from "../../src/connection/settings.ts";
import { userErrorOf } from "../helpers/userError.ts";

function resolve(flag?: string, env: Record<string, string> = {}): ConnectionSettings {
  return resolveSettings({ flag, env, osUser: "os", home: "/home/os" });
}

function hosts(settings: ConnectionSettings): string[] {
  return settings.hosts.map(({ host, port }) => `${host} ${port}`);
}

describe("where values come from", () => {
  it("takes the defaults psql takes when nothing is given", () => {
    const settings = resolve();
    expect(hosts(settings)).toEqual(["/var/run/postgresql 5432", "/tmp 5432", "localhost 5432"]);
    expect(settings.user).toEqual({ value: "os", from: "default" });
    expect(settings.database).toEqual({ value: "os", from: "default" });
    expect(settings.password).toBeUndefined();
    expect(settings.passfile).toEqual({ value: "/home/os/.pgpass", from: "default" });
    expect(settings.tls.mode).toEqual({ value: "prefer", from: "default" });
    expect(settings.timeoutMs).toBe(10_000);
    expect(settings.applicationName).toBe("audit");
    expect(settings.notes).toEqual([]);
  });

  it("prefers the flag to DATABASE_URL, and either to the variables", () => {
    const env = { DATABASE_URL: "postgresql://url/db1", PGHOST: "variable", PGUSER: "ann" };
    expect(resolve(undefined, env).hosts[0]).toMatchObject({ host: "url", hostFrom: "DATABASE_URL" });
    expect(resolve("postgresql://flag", env).hosts[0]).toMatchObject({
      host: "flag",
      hostFrom: "--database-url",
      portFrom: "default",
    });
    // The flag replaces DATABASE_URL as a whole; what it leaves out comes from the variables.
    expect(resolve("postgresql://flag", env).database).toEqual({ value: "ann", from: "PGUSER" });
  });

  it("names the source of every value", () => {
    const settings = resolve("postgresql://h1", {
      PGPORT: "5433",
      PGDATABASE: "app",
      PGUSER: "ann",
      PGPASSWORD: "secret",
      PGPASSFILE: "/p",
      PGSSLMODE: "require",
      PGCONNECT_TIMEOUT: "3",
    });
    expect(settings.hosts).toEqual([
      { host: "h1", address: undefined, port: 5433, hostFrom: "--database-url", portFrom: "PGPORT" },
    ]);
    expect(settings.database).toEqual({ value: "app", from: "PGDATABASE" });
    expect(settings.password).toEqual({ value: "secret", from: "PGPASSWORD" });
    expect(settings.passfile).toEqual({ value: "/p", from: "PGPASSFILE" });
    expect(settings.tls.mode).toEqual({ value: "require", from: "PGSSLMODE" });
    expect(settings.timeoutMs).toBe(3000);
  });

  it("takes an empty variable for an unset one", () => {
    expect(resolve(undefined, { DATABASE_URL: "", PGUSER: "", PGSSLMODE: "" }).user.value).toBe("os");
  });

  it("reads a key=value string like a URL", () => {
    const settings = resolve("host=/srv/socket port=5433 dbname='my db' user=ann password=x");
    expect(hosts(settings)).toEqual(["/srv/socket 5433"]);
    expect(settings.database.value).toBe("my db");
  });

  it("does not read the driver's own variables", () => {
    expect(resolve(undefined, { PGUSERNAME: "wrong", PGMAX: "9", PGUSER: "ann" }).user.value).toBe("ann");
  });
});

describe("hosts", () => {
  it.each([
    ["postgresql://a:1,b:2", ["a 1", "b 2"]],
    ["postgresql://a,b", ["a 5432", "b 5432"]],
    ["postgresql://a,b:2", ["a 5432", "b 2"]],
    ["host=a,b port=7", ["a 7", "b 7"]],
    ["postgresql://[::1]:1/db", ["::1 1"]],
    ["postgresql://%2Fsrv:1/db", ["/srv 1"]],
    ["postgresql:///db?host=/srv&port=1", ["/srv 1"]],
    ["postgresql://:5433/db", ["/var/run/postgresql 5433", "/tmp 5433", "localhost 5433"]],
    ["hostaddr=127.0.0.1", ["127.0.0.1 5432"]],
  ])("reads %s", (flag, expected) => {
    expect(hosts(resolve(flag))).toEqual(expected);
  });

  it("dials hostaddr but keeps the host's name", () => {
    expect(resolve("host=db.example.com hostaddr=10.0.0.7").hosts[0]).toMatchObject({
      host: "db.example.com",
      address: "10.0.0.7",
    });
  });

  it("does not let PGHOSTADDR turn a written host into another", () => {
    expect(resolve("postgresql://h", { PGHOSTADDR: "10.0.0.7" }).hosts[0]?.address).toBeUndefined();
  });
});

describe("what is refused", () => {
  it.each([
    ["an unknown parameter", "postgresql://h/d?schema=public", '"schema" in --database-url'],
    ["an unknown sslmode", "postgresql://h/d?sslmode=on", '"on" of sslmode (--database-url)'],
    ["a port out of range", "postgresql://h:70000/d", '"70000" (--database-url)'],
    ["a port in letters", "postgresql://h:abc/d", '"abc" (--database-url)'],
    ["more ports than hosts", "host=a,b port=1,2,3", "3 ports for 2 hosts"],
    ["more ports than the default host", "port=1,2", "2 ports for 1 hosts"],
    ["addresses without their hosts", "host=a,b hostaddr=10.0.0.1", "1 host addresses for 2 hosts"],
    ["a service", "service=prod", '"service" (--database-url) is not supported'],
    ["GSS insisted on", "host=a gssencmode=require", '"gssencmode"'],
    ["a way of authentication insisted on", "host=a require_auth=md5", '"require_auth"'],
    ["a bad timeout", "host=a connect_timeout=soon", '"soon" of connect_timeout'],
    ["a weak mode beside the system's authorities", "host=a sslmode=require sslrootcert=system", "too weak"],
    ["a weak mode beside direct TLS", "host=a sslnegotiation=direct", "too weak"],
    ["an unknown kind of server", "host=a target_session_attrs=master", '"master" of target_session_attrs'],
    ["an abstract socket", "host=@pg", "abstract namespace"],
    ["an option that is none", "host=a options=fast", '"fast"'],
  ])("refuses %s", (_what, flag, part) => {
    const error = userErrorOf(() => resolve(flag));
    expect(error.exitCode).toBe(2);
    expect(error.message).toContain(part);
  });

  it("refuses PGSERVICE rather than ignore it", () => {
    const error = userErrorOf(() => resolve("postgresql://h", { PGSERVICE: "prod" }));
    expect(error.message).toBe('"service" (PGSERVICE) is not supported.');
    expect(error.hint).toContain("Service files are not read");
  });

  it("does not repeat what is neither URL nor key=value: it may be a URL without its scheme", () => {
    const error = userErrorOf(() => resolve("ann:hunter2@host/db"));
    expect(error.message).toBe("The value of --database-url is neither a URL nor a key=value string.");
  });

  it("refuses an empty flag, which is a variable that was not set", () => {
    expect(userErrorOf(() => resolve("", { PGHOST: "h" })).exitCode).toBe(2);
  });
});

describe("what is honoured or ignored", () => {
  it("notes what has no effect, unless it asks for what happens anyway", () => {
    const noted = resolve("postgresql://h/d?channel_binding=require&keepalives_count=3", {});
    expect(noted.notes).toEqual([
      '"channel_binding" (--database-url) has no effect here and is ignored.',
      '"keepalives_count" (--database-url) has no effect here and is ignored.',
    ]);
    const silent = resolve("host=h channel_binding=prefer gssencmode=disable client_encoding=UTF8");
    expect(silent.notes).toEqual([]);
  });

  it("keeps server options for later, so that they are never sent at startup", () => {
    const flag =
      "host=h options='-c search_path=app,public -cstatement_timeout=5s --work-mem=64MB -c a.b=x\\\\ y'";
    expect(resolve(flag).serverOptions).toEqual([
      ["search_path", "app,public"],
      ["statement_timeout", "5s"],
      ["work_mem", "64MB"],
      ["a.b", "x y"],
    ]);
  });

  it("reads keepalives, the application's name and the kind of server", () => {
    const settings = resolve(
      "host=h keepalives=1 keepalives_idle=30 application_name=cron target_session_attrs=primary",
    );
    expect(settings.keepAlive).toEqual({ on: true, idleSeconds: 30 });
    expect(settings.applicationName).toBe("cron");
    expect(settings.sessionKind).toEqual({ value: "primary", from: "--database-url" });
  });

  it.each([
    ["0", undefined],
    ["-1", undefined],
    ["2", 2000],
  ])("reads connect_timeout %s", (text, expected) => {
    expect(resolve(`host=h connect_timeout=${text}`).timeoutMs).toBe(expected);
  });

  it("checks everything when the system's authorities are to decide", () => {
    expect(resolve("host=h sslrootcert=system").tls.mode.value).toBe("verify-full");
  });
});

describe("redactedUrl", () => {
  it.each([
    ["postgresql://ann:hunter2@db:5433/app", "postgresql://ann@db:5433/app"],
    ["postgresql://ann:hunter2@a:1,[::1]:2/app", "postgresql://ann@a:1,[::1]:2/app"],
    ["host=/srv user=ann password=hunter2 dbname=app", "postgresql://ann@/app?host=/srv"],
    ["host=/srv port=5433 user=ann password=hunter2", "postgresql://ann@/ann?host=/srv&port=5433"],
    ["user=ann password=hunter2", "postgresql://ann@/ann"],
    ["user='a b' password=hunter2 host=h dbname=a/b", "postgresql://a%20b@h:5432/a%2Fb"],
  ])("shows %s as %s", (flag, expected) => {
    expect(redactedUrl(resolve(flag))).toBe(expected);
  });
});
