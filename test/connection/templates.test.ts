import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { fillTemplate, installScripts, uninstallScript } from "../../src/db/templates.ts";

const hostile = `we"ird.o'name`;

describe("fillTemplate", () => {
  it.each<[string, string, string, string]>([
    ["an identifier before a dot", "audit_schema.change", "audit", "audit.change"],
    ["the identifier of a schema", "drop schema audit_schema cascade", "audit", "drop schema audit cascade"],
    ["a literal", "format('%I', 'audit_schema')", "audit", "format('%I', 'audit')"],
    [
      "the literal of a qualified name",
      "nextval('audit_schema.change_id')",
      "audit",
      "nextval('audit.change_id')",
    ],
    [
      "a literal that is read as an identifier",
      "'audit_schema'::pg_catalog.regnamespace",
      "audit",
      "'audit'::pg_catalog.regnamespace",
    ],
    ["several of them", "audit_schema.a, 'audit_schema', audit_schema.b", "x", "x.a, 'x', x.b"],
    ["a name that needs quotes, as an identifier", "audit_schema.change", "Audit", '"Audit".change'],
    ["a keyword, as an identifier", "audit_schema.change", "user", '"user".change'],
    ["a name that needs quotes, as a literal", "'audit_schema'", "Audit", "'Audit'"],
    [
      "a name that needs quotes, within a literal",
      "'audit_schema.change_id'",
      "Audit",
      `'"Audit".change_id'`,
    ],
    ["a hostile name, as an identifier", "audit_schema.change", hostile, `"we""ird.o'name".change`],
    ["a hostile name, as a literal", "'audit_schema'", hostile, `'we"ird.o''name'`],
    [
      "a hostile name, within a literal",
      "'audit_schema.change_id'",
      hostile,
      `'"we""ird.o''name".change_id'`,
    ],
    [
      "a hostile name, in a literal that is read as an identifier",
      "'audit_schema'::pg_catalog.regnamespace",
      hostile,
      `'"we""ird.o''name"'::pg_catalog.regnamespace`,
    ],
    [
      "a name with what replace() takes for a pattern",
      "audit_schema.a 'audit_schema'",
      "$&$1$$",
      `"$&$1$$".a '$&$1$$'`,
    ],
  ])("fills %s", (_, text, name, expected) => {
    expect(fillTemplate(text, name)).toBe(expected);
  });

  it.each([
    ["inside another literal", "raise exception 'audit_schema is gone'"],
    ["as a bare word", "select audit_schema"],
    ["in a comment", "-- the schema called audit_schema\nselect 1"],
    ["in a comment, as though it were an identifier", "-- see audit_schema.change\nselect 1"],
    ["in a literal, as though it were an identifier", "comment on table a is 'see audit_schema.change'"],
    ["in a literal with quotes of its own", "comment on table a is 'it''s audit_schema.change'"],
    ["as part of a name", "select my_audit_schema"],
    ["in a literal of three parts", "select 'audit_schema.change.id'"],
  ])("refuses a placeholder left over %s", (_, text) => {
    expect(() => fillTemplate(text, "audit")).toThrow("A placeholder is left over in a template: ");
  });

  it("leaves alone what only looks like a placeholder", () => {
    const text = "select audit_writer, audit.actor, 'audit'";
    expect(fillTemplate(text, "trail")).toBe(text);
  });

  it("fills a template for a schema that is called like the placeholder", () => {
    expect(fillTemplate("audit_schema.change 'audit_schema'", "audit_schema")).toBe(
      "audit_schema.change 'audit_schema'",
    );
  });

  it("refuses a name with NUL", () => {
    expect(() => fillTemplate("audit_schema.change", "a\0b")).toThrow("contains a NUL character");
  });
});

const folder = new URL("../../templates/", import.meta.url);

describe("the templates", () => {
  it("leave no placeholder and hold every function, each in a file of its name", () => {
    const { functions } = installScripts("trail");
    const files = readdirSync(new URL("functions/", folder)).map((file) => file.replace(/\.sql$/, ""));
    for (const name of files)
      expect(functions).toMatch(
        new RegExp(`^create or replace (function|aggregate) trail\\.${name}\\(`, "m"),
      );
    expect(functions.match(/^create or replace (function|aggregate) /gm)).toHaveLength(files.length);
  });

  it("are all filled for an installation and its end", () => {
    const scripts = [...Object.values(installScripts("trail")), uninstallScript("trail")].join("\n");
    expect(scripts).not.toMatch("audit_schema");
    const files = readdirSync(folder).filter((file) => file.endsWith(".sql"));
    for (const file of files) {
      const [firstLine = ""] = readFileSync(new URL(file, folder), "utf8").split("\n");
      expect(scripts).toContain(firstLine.replaceAll("audit_schema.", "trail."));
    }
  });

  it("begin with a comment that says what they are for", () => {
    for (const file of readdirSync(new URL("functions/", folder)))
      expect(readFileSync(new URL(`functions/${file}`, folder), "utf8"), file).toMatch(/^-- [A-Z].+/);
  });
});
