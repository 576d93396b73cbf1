import { afterAll, beforeAll } from "vitest";
import type { TestSql } from "../helpers/client.ts";
import type { Path } from "./usePath.ts";

/** What `audit history --json` says of who made a change. */
export interface Who {
  readonly op: string;
  readonly actor: string | null;
  readonly db_user: string;
  readonly role: string | null;
  readonly application: string | null;
  readonly client_addr: string | null;
  readonly context: unknown;
}

/** Roles to write as, and a table to write to. Names can be read once the tests run. */
export interface Writers {
  /** A role that can log in, a member of the group. */
  readonly login: string;
  readonly group: string;
  /** A role of its own, to own things. */
  readonly owner: string;
  /** A session of the role that can log in. */
  readonly asLogin: () => TestSql;
  /** Audits the table item, to which everybody may write; one row is there from the start. */
  readonly auditItem: (more?: string) => Promise<void>;
  /** Who made each change of a table, oldest first. */
  readonly who: (table?: string) => Promise<Who[]>;
}

/** Statements of each operation on item in turn. */
export const everything = [
  "insert into item values (2, 2)",
  "update item set n = n + 1 where id = 2",
  "delete from item where id = 2",
  "truncate item",
].join("; ");

/** Makes the roles for the tests of a describe block, and drops them afterwards. */
export function useWriters(path: Path): Writers {
  const name = (role: string) => `${path.database.name}_who_${role}`;

  beforeAll(async () => {
    await path.database.sql.unsafe(`
      create role ${name("owner")} nologin;
      create role ${name("group")} nologin;
      create role ${name("login")} login password 'x' in role ${name("group")}`);
  });

  afterAll(async () => {
    const roles = ["login", "group", "owner"].map(name).join(", ");
    await path.database.sql.unsafe(`drop owned by ${roles}; drop role ${roles}`);
  });

  return {
    get login() {
      return name("login");
    },
    get group() {
      return name("group");
    },
    get owner() {
      return name("owner");
    },
    asLogin: () => {
      const url = new URL(path.database.url);
      url.username = name("login");
      url.password = "x";
      return path.session(url.href);
    },
    auditItem: (more = "") =>
      path.audited(`
        create table item (id int primary key, n int);
        insert into item values (1, 0);
        grant all on item to public;
        ${more}`),
    who: (table = "item") => path.audit.items<Who>("history", table),
  };
}
