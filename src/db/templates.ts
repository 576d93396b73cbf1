import { readFileSync } from "node:fs";
import { quoteIdentifier } from "../core/name.ts";

/** The SQL that lives in the server, in the order in which it can be created. */
const functionOrder = [
  "_value_expression",
  "_differs_expression",
  "_key_expression",
  "_excluded_columns",
  "_image_expression",
  "_fingerprint",
  "_context",
  "_difference",
  "_audited_table",
  "_describe_expression",
  "_pinned_settings",
  "_origin_expressions",
  "_moved_from",
  "_note_move",
  "_row_function",
  "_truncate_statement",
  "_truncate_function",
  "_truncate_grants",
  "_clone_grants",
  "_capture_statements",
  "_is_granted",
  "_release_statements",
  "_record_shape",
  "_append_only",
  "_on_ddl",
  "_open_segment",
  "_close_segment",
  "_relation_of",
  "_oldest_instant",
  "_require_coverage",
  "_row_order",
  "_overlay",
  "_rename",
  "_contradiction",
  "_text_length",
  "_columns_at",
  "_typed_key",
  "_key_match",
  "_at_statement",
  "at",
] as const;

/** What init runs, as one script each, for a schema of that name. */
export interface InstallScripts {
  readonly schema: string;
  readonly functions: string;
  readonly views: string;
  readonly appendOnly: string;
  readonly roles: string;
  readonly grants: string;
  readonly eventTriggers: string;
}

/** Every script of an installation in the schema `name`. */
export function installScripts(name: string): InstallScripts {
  return {
    schema: template("schema.sql", name),
    functions: functionOrder.map((file) => template(`functions/${file}.sql`, name)).join("\n"),
    views: template("views.sql", name),
    appendOnly: template("append_only.sql", name),
    roles: template("roles.sql", name),
    grants: template("grants.sql", name),
    eventTriggers: template("event_triggers.sql", name),
  };
}

/** What removes an installation from the schema `name`, once no table carries its triggers. */
export function uninstallScript(name: string): string {
  return template("uninstall.sql", name);
}

/**
 * Fills a template: `audit_schema` becomes the schema's name as an identifier, `'audit_schema'` as a literal,
 * `'audit_schema.thing'` as the literal of a qualified name, `'audit_schema'::pg_catalog.regnamespace` as one that
 * is read as an identifier. Fails on a placeholder that would be left over: inside another literal or a comment,
 * where no form of the name is right, or by itself.
 */
export function fillTemplate(text: string, name: string): string {
  const rest = /.*audit_schema.*/.exec(fill(text, "audit"))?.[0];
  if (rest !== undefined) throw new Error(`A placeholder is left over in a template: ${rest.trim()}`);
  return fill(text, name);
}

/** Comments and literals as wholes, so that what is inside them is not taken for an identifier. */
const tokens =
  /--[^\n]*|('(?:[^']|'')*')(::pg_catalog\.regnamespace\b)?|\baudit_schema(?=\.)|(?<=\bschema )audit_schema\b/g;

function fill(text: string, name: string): string {
  const identifier = quoteIdentifier(name);
  return text.replace(tokens, (token: string, literal?: string, cast?: string) => {
    if (literal === undefined) return token.startsWith("--") ? token : identifier;
    const [placeholder, object] = /^'audit_schema(?:\.([a-z_]+))?'$/.exec(literal) ?? [];
    if (placeholder === undefined) return token;
    if (object !== undefined) return quoteLiteral(`${identifier}.${object}`) + (cast ?? "");
    return cast === undefined ? quoteLiteral(name) : quoteLiteral(identifier) + cast;
  });
}

function template(file: string, name: string): string {
  return fillTemplate(readFileSync(new URL(`../../templates/${file}`, import.meta.url), "utf8"), name);
}

function quoteLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
