import { readFileSync } from "node:fs";
import { quoteIdentifier } from "../core/name.ts";

/** The SQL that lives in the server, in the order in which it can be created. */
const functionOrder = [
  "_value_expression",
  "_differs_expression",
  "_key_expression",
  "_matches_glob",
  "_made_from",
  "_left_out",
  "_covered_up",
  "_recorded_columns",
  "_marks",
  "_names_expression",
  "_texts_expression",
  "_image_expression",
  "_row_image_expression",
  "_digest_image",
  "_fingerprint",
  "_context",
  "_difference",
  "_trigger_name",
  "_audited_table",
  "_as_now",
  "_describe_expression",
  "_hidden_expression",
  "_pinned_settings",
  "_origin_expressions",
  "_moved_along",
  "_note_move",
  "_settled_place",
  "_old_place",
  "_new_place",
  "_either_way",
  "_trigger_function",
  "_remark",
  "_record_statement",
  "_settings_text",
  "_guard",
  "_kept_row",
  "_insert_function",
  "_update_function",
  "_delete_function",
  "_truncate_statement",
  "_rows_owner_differs",
  "_truncate_function",
  "_rows_function",
  "_hand_over_statements",
  "_capture_kind",
  "_partitions",
  "_sight",
  "_settled",
  "_key_kept",
  "_change_triggers",
  "_is_granted",
  "_table_grants",
  "_clone_grants",
  "_capture_statements",
  "_release_statements",
  "_record_shape",
  "_append_only",
  "_shut",
  "_coverage_gap",
  "_base_type",
  "_text_length",
  "_readable_as",
  "_view_type",
  "_view_statement",
  "_make_view",
  "_end_coverage",
  "_begin_coverage",
  "_concerns_us",
  "_on_ddl",
  "_open_segment",
  "_commit_time",
  "_horizons",
  "_close_segment",
  "_rising",
  "_let_go",
  "_lay_restored",
  "_attach_restored",
  "_relation_of",
  "_oldest_instant",
  "_require_coverage",
  "_undone",
  "_undone_keys",
  "_settled_since",
  "tag",
  "_row_order",
  "_overlay",
  "_rename",
  "_contradiction",
  "_kept_text",
  "_whole_image",
  "_with_origin",
  "_reads_plainly",
  "_untrusted_check",
  "_shape_at",
  "_columns_at",
  "_typed_key",
  "_key_match",
  "_at_statement",
  "_table_of",
  "at",
  "at_tag",
] as const;

/** What init runs, as one script each, for a schema of that name. */
export interface InstallScripts {
  readonly schema: string;
  /** For an installation that is there already. */
  readonly upgrade: string;
  readonly functions: string;
  readonly shut: string;
  readonly views: string;
  /** For an installation that is there already, once all is made. */
  readonly owners: string;
  readonly appendOnly: string;
  readonly roles: string;
  readonly grants: string;
  readonly eventTriggers: string;
}

/** Every script of an installation in the schema `name`. */
export function installScripts(name: string): InstallScripts {
  return {
    schema: template("schema.sql", name),
    upgrade: `${template("upgrade.sql", name)}\n${commentsScript(name)}`,
    functions: functionOrder.map((file) => template(`functions/${file}.sql`, name)).join("\n"),
    shut: template("shut.sql", name),
    views: template("views.sql", name),
    owners: template("owners.sql", name),
    appendOnly: template("append_only.sql", name),
    roles: template("roles.sql", name),
    grants: template("grants.sql", name),
    eventTriggers: template("event_triggers.sql", name),
  };
}

/**
 * What reads the log, beside the tables change and relation: functions that look into them, that write queries which do, and
 * that such queries call by the schema of the log.
 */
const readers: readonly (typeof functionOrder)[number][] = [
  "_oldest_instant",
  "_require_coverage",
  "_undone",
  "_undone_keys",
  "_row_order",
  "_overlay",
  "_rename",
  "_contradiction",
  "_kept_text",
  "_whole_image",
  "_with_origin",
  "_shape_at",
  "_columns_at",
  "_at_statement",
  "at",
  "at_tag",
];

/** Whether the name stands for one of our objects that readersScript makes anew, or that it reads in place of ours. */
export function isReader(name: string): boolean {
  return name === "change" || name === "relation" || readers.some((reader) => reader === name);
}

/**
 * Functions for the schema `log` that answer as ours do, from a log that lies there (change, relation) and from the rest
 * of the installation in the schema `home`.
 */
export function readersScript(log: string, home: string): string {
  const prefix = `${quoteIdentifier(log)}.`;
  const own = new RegExp(`${prefix.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}([a-z_]+)`, "g");
  return functionOrder
    .filter((file) => isReader(file))
    .map((file) =>
      template(`functions/${file}.sql`, log).replace(own, (whole: string, name: string) =>
        isReader(name) ? whole : `${quoteIdentifier(home)}.${name}`,
      ),
    )
    .join("\n");
}

/** One of our functions as shipped: `body` is undefined for an aggregate, which has none. */
export interface ShippedFunction {
  readonly name: string;
  readonly body: string | undefined;
  readonly text: string;
}

/** Every function of an installation in the schema `name`, to be held against those in the server. */
export function shippedFunctions(name: string): ShippedFunction[] {
  return functionOrder.map((file) => {
    const text = template(`functions/${file}.sql`, name);
    return { name: file, body: /^as \$function\$(.*)\$function\$;/ms.exec(text)?.[1], text };
  });
}

/** The statements that say what tables and columns are for, one a line: an upgrade says it anew of those that are there. */
function commentsScript(name: string): string {
  const lines = read("schema.sql").split("\n");
  return fillTemplate(lines.filter((line) => line.startsWith("comment on ")).join("\n"), name);
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
  return fillTemplate(read(file), name);
}

function read(file: string): string {
  return readFileSync(new URL(`../../templates/${file}`, import.meta.url), "utf8");
}

function quoteLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
