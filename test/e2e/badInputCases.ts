/** Where a command is sent: the test's own database unless another is named. */
export type Place =
  | "database"
  | "bare"
  | "foreign"
  | "half"
  | "twice"
  | "plain"
  | "wrongPassword"
  | "noServer"
  | "noHost"
  | "noDatabase"
  | "nonsense";

/** One command line with something wrong in it, and how it has to end. */
export interface BadInput {
  readonly name: string;
  readonly args: readonly string[];
  readonly code: number;
  /** Searched in message and hint together. */
  readonly says: RegExp;
  readonly at?: Place;
  readonly env?: Readonly<Record<string, string>>;
}

/** What it is, what is typed, the exit code, what must be said, and where. */
type Line = readonly [
  name: string,
  args: readonly string[],
  code: number,
  says: RegExp,
  where?: Pick<BadInput, "at" | "env">,
];

const names: readonly Line[] = [
  [
    "an unknown table",
    ["enable", "user"],
    2,
    /no table "user" in the search path \(public\)\. Did you mean "users"\?/,
  ],
  [
    "two unknown tables, both told",
    ["enable", "usres", "ordres"],
    2,
    /usres.*"users"\?\n.*ordres.*"orders"\?/,
  ],
  [
    "an unknown table of a schema",
    ["enable", "public.user"],
    2,
    /no table public\."user"\. Did you mean "users"\?/,
  ],
  ["a table outside the search path", ["enable", "elsewhere"], 2, /did you mean other\.elsewhere\?/],
  ["a table of the wrong schema", ["enable", "nosuch.users"], 2, /did you mean public\.users\?/],
  ["an unknown table to history", ["history", "user"], 2, /Did you mean "users"\?\n.*audit status/],
  ["an unknown table to at-time", ["at-time", "now", "user"], 2, /Did you mean "users"\?/],
  ["an unknown table to diff", ["diff", "user", "--from", "now"], 2, /Did you mean "users"\?/],
  ["an unknown table to disable", ["disable", "user"], 2, /Did you mean "users"\?/],
  ["an unknown table to status", ["status", "user"], 2, /Did you mean "users"\?/],
  ["an unknown schema", ["enable", "--schema", "pubic"], 2, /no schema pubic\. Did you mean "public"\?/],
  ["an unknown registry number", ["history", "relation:99"], 2, /no relation 99.*\n.*status --json/],
  [
    "an unclosed quote",
    ["enable", '"users'],
    2,
    /the quote opened here is never closed\.\n {2}"users\n {2}\^\n/,
  ],
  ["three parts", ["enable", "a.b.c"], 2, /more than two parts.*\n.*\n {6}\^/],
  ["a name of 64 bytes", ["enable", "x".repeat(64)], 2, /has 64 bytes.*no more than 63/],
  ["a name of 64 bytes in 32 letters", ["history", "ä".repeat(32)], 2, /has 64 bytes/],
  ["an empty name", ["enable", ""], 2, /it is empty/],
  ["an empty quoted name", ["enable", '""'], 2, /a name cannot be empty/],
  ["a schema without table", ["history", "public."], 2, /a name is missing here/],
  ["a blank in a bare name", ["history", "my table"], 2, /has to be written in double quotes/],
  ["a control character in a name", ["history", '"a\x1b[31m"'], 2, /no table "a\\x1b\[31m"/],
  [
    "a wrong audit schema",
    ["status", "--audit-schema", "nosuch"],
    5,
    /no audit trail in schema nosuch.*\n.*audit/,
  ],
  ["an audit schema in two parts", ["status", "--audit-schema", "a.b"], 2, /without a dot/],
  ["a wrong AUDIT_SCHEMA", ["status"], 5, /in schema nosuch/, { env: { AUDIT_SCHEMA: "nosuch" } }],
  ["an audit schema of the system's kind", ["init", "--audit-schema", "pg_audit"], 2, /"pg_audit" cannot be/],
  ["an audit schema with a long name", ["init", "--audit-schema", "x".repeat(41)], 2, /longer than 40 bytes/],
];

const unfitting: readonly Line[] = [
  ["a view", ["enable", "user_names"], 2, /user_names is a view.*\nAudit the tables behind it/],
  ["a materialized view", ["enable", "user_count"], 2, /is a materialized view/],
  ["a sequence", ["enable", "numbers"], 2, /is a sequence/],
  ["a composite type", ["enable", "pair"], 2, /no table pair/],
  ["a temporary table by its bare name", ["enable", "passing"], 2, /no table passing|did you mean pg_temp/],
  ["a system table", ["enable", "pg_catalog.pg_class"], 2, /is a system table/],
  [
    "a table of the information schema",
    ["enable", "information_schema.sql_features"],
    2,
    /is a system table/,
  ],
  ["our own log", ["enable", "audit.change"], 2, /is part of the audit trail itself/],
  ["another table of ours", ["enable", "audit.retention"], 2, /is part of the audit trail itself/],
  [
    "a partition",
    ["enable", "parted_1"],
    2,
    /is a partition of public\.parted\.\n.*audit enable public\.parted$/m,
  ],
  [
    "a table without key",
    ["enable", "keyless"],
    2,
    /no primary key.*\n.*alter table public\.keyless add primary key/,
  ],
  [
    "a table with the makings of a key",
    ["enable", "almost"],
    2,
    /public\.almost has no primary key.*\n.*audit enable public\.almost --key a\. .*public\.almost --no-key$/m,
  ],
  [
    "several that cannot be audited, each told",
    ["enable", "users", "keyless", "user_names"],
    2,
    /keyless has no primary key.*\n.*user_names is a view.*\nNothing was changed/,
  ],
  ["a view to history", ["history", "user_names"], 3, /user_names was never audited/],
];

const columns: readonly Line[] = [
  [
    "an unknown column",
    ["enable", "users", "--exclude", "emial"],
    2,
    /no column "emial"\. Did you mean "email"\?\nColumns of public\.users: id, name, email, token, login\./,
  ],
  [
    "an unknown column, in other letters",
    ["enable", "users", "--exclude", '"Email"'],
    2,
    /Did you mean "email"\?/,
  ],
  [
    "an unknown column of several tables",
    ["enable", "users", "orders", "--exclude", "emial"],
    2,
    /No table has a column emial/,
  ],
  [
    "an unknown column beside a new retention",
    ["enable", "users", "--exclude", "x", "--retain", "90d"],
    2,
    /no column "x"/,
  ],
  [
    "a column of the key",
    ["enable", "users", "--exclude", "id"],
    2,
    /"id" is part of the key.*cannot be excluded/,
  ],
  [
    "a glob over the key",
    ["enable", "users", "--exclude", "i*"],
    2,
    /part of the key.*though i\* matches it/,
  ],
  ["a column in an unclosed quote", ["enable", "users", "--exclude", '"email'], 2, /the quote opened here/],
  [
    "an unknown column alone to record",
    ["enable", "users", "--only", "name,emial"],
    2,
    /--only: public\.users has no column "emial"\. Did you mean "email"\?/,
  ],
  [
    "an unknown column alone to record of several tables",
    ["enable", "users", "orders", "--only", "name,emial"],
    2,
    /No table has a column emial to --only/,
  ],
  ["an unknown column to redact", ["enable", "users", "--redact", "tokn"], 2, /--redact: .*"token"\?/],
  [
    "a column of the key to redact",
    ["enable", "users", "--redact", "id"],
    2,
    /--redact: "id" is part of the key.*cannot be redacted/,
  ],
  [
    "a glob over the key to redact",
    ["enable", "orders", "--redact", "user*"],
    2,
    /"user_id" is part of the key.*cannot be redacted, though user\* matches it/,
  ],
  [
    "statements beside an excluded column",
    ["enable", "users", "--exclude", "email", "--statement"],
    2,
    /may hold the very values that --exclude.*\n.*--statement-anyway/,
  ],
  [
    "statements beside a redacted column",
    ["enable", "users", "--redact", "email", "--statement"],
    2,
    /--statement-anyway/,
  ],
  [
    "statements beside the only columns to record",
    ["enable", "users", "--only", "name", "--statement"],
    2,
    /--statement-anyway/,
  ],
];

const keys: readonly Line[] = [
  [
    "for a table that has a primary key",
    ["enable", "users", "--key", "email"],
    2,
    /public\.users has a primary key, and goes by it.*\n.*--key: audit enable public\.users$/m,
  ],
  [
    "none for a table that has a primary key",
    ["enable", "users", "--no-key"],
    2,
    /public\.users has a primary key, and goes by it.*\n.*--no-key: audit enable public\.users$/m,
  ],
  [
    "of an unknown column",
    ["enable", "keyless", "--key", "a,c"],
    2,
    /public\.keyless has no column c to be its key\.\nIts columns: a, b\./,
  ],
  [
    "without a unique index",
    ["enable", "keyless", "--key", "a,b"],
    2,
    /no unique index over just a, b .*\nAdd one: alter table public\.keyless add primary key/,
  ],
  [
    "of fewer columns than the unique index",
    ["enable", "loose", "--key", "a"],
    2,
    /no unique index over just a .*\n.*--key "Odd Name" \(or --key b,a\)/,
  ],
  [
    "whose column may be NULL",
    ["enable", "loose", "--key", "nullable"],
    2,
    /no unique index over just nullable/,
  ],
  [
    "unique among some rows only",
    ["enable", "loose", "--key", "partial"],
    2,
    /no unique index over just partial/,
  ],
  [
    "for several tables",
    ["enable", "almost", "loose", "--key", "a"],
    2,
    /--key names the columns of one table/,
  ],
  ["for all tables", ["enable", "--all", "--key", "a"], 2, /--key names the columns of one table/],
  ["in an unclosed quote", ["enable", "almost", "--key", '"a'], 2, /the quote opened here/],
];

const times: readonly Line[] = [
  [
    "an American date",
    ["at-time", "01/02/2026", "users"],
    2,
    /which part is the day.*\n.*\n {2}\^\nWrite an instant such as/,
  ],
  ["a bare number", ["at-time", "90", "users"], 2, /could be seconds, days, a year/],
  ["tomorrow", ["at-time", "tomorrow", "users"], 2, /lies in the future, and only the past/],
  ["a day to come", ["at-time", "2126-01-01", "users"], 2, /in the future, the server's clock says/],
  ["an hour that is none", ["at-time", "2026-01-01 25:00", "users"], 2, /there is no hour 25/],
  ["a day that is none", ["at-time", "2026-02-30", "users"], 2, /2026-02 has no day 30/],
  ["an empty time", ["at-time", "", "users"], 2, /it is empty/],
  ["a word nobody knows", ["history", "users", "--since", "whenever"], 2, /"whenever" is an unknown word/],
  ["an unknown tag", ["at-time", "tag:x", "users"], 2, /There is no tag "x"/],
  [
    "an unknown transaction",
    ["diff", "users", "--from", "tx:12"],
    2,
    /No change of transaction 12 is recorded/,
  ],
  ["an unknown zone", ["status", "--tz", "Mars/Olympus"], 2, /does not know the time zone "Mars\/Olympus"/],
  [
    "an unknown zone to prune",
    ["prune", "--tz", "Mars/Olympus"],
    2,
    /does not know the time zone "Mars\/Olympus"/,
  ],
  [
    "an unknown zone to at-time",
    ["at-time", "now", "users", "--tz", "Mars/Olympus"],
    2,
    /time zone "Mars\/Olympus"/,
  ],
  ["an offset for a zone", ["status", "--tz", "+02:00"], 2, /is not the name of a time zone/],
  ["ends exchanged", ["diff", "users", "--from", "now", "--to", "-1s"], 2, /is later than --to/],
  [
    "a time before auditing began",
    ["at-time", "2020-01-01", "users"],
    3,
    /coverage began at .*\n.*oldest possible instant is \d{4}-\d\d-\d\d/,
  ],
  ["a diff from before auditing began", ["diff", "users", "--from", "-1000d"], 3, /coverage began at/],
  [
    "a table never audited",
    ["at-time", "now", "untouched"],
    3,
    /never audited.*\n.*audit enable untouched$/m,
  ],
  ["the history of a table never audited", ["history", "untouched"], 3, /never audited/],
  [
    "a table no longer audited",
    ["at-time", "now", "stopped"],
    3,
    /stopped ended at .*\n.*audit history public\.stopped$/m,
  ],
  ["a diff of a table no longer audited", ["diff", "stopped", "--from", "now"], 3, /stopped ended at/],
];

const usage: readonly Line[] = [
  ["an unknown command", ["histroy", "users"], 2, /Unknown command 'histroy' \(Did you mean history\?\)/],
  ["a command not built yet", ["seal"], 2, /Unknown command 'seal'/],
  [
    "an unknown flag",
    ["history", "users", "--lmit", "1"],
    2,
    /Unknown option '--lmit' \(Did you mean --limit\?\)/,
  ],
  ["--plot of what is no number", ["history", "users", "1", "--plot", "name"], 2, /name.* type text/],
  ["--grep with half an expression", ["history", "users", "--grep", "na(me"], 2, /na\(me/],
  ["--baseline, not built yet", ["disable", "users", "--baseline"], 2, /Unknown option '--baseline'/],
  [
    "--allow-gaps, not built yet",
    ["at-time", "now", "users", "--allow-gaps"],
    2,
    /Unknown option '--allow-gaps'/,
  ],
  ["a missing table", ["history"], 2, /Missing required argument 'table'/],
  ["a missing table after the time", ["at-time", "now"], 2, /Missing required argument 'table'/],
  ["a missing --from", ["diff", "users"], 2, /From which instant on is not said.*\n.*--from <when>/],
  ["nothing to enable", ["enable"], 2, /No table is named.*\n.*--all/],
  ["nothing to disable", ["disable"], 2, /No table is named.*\n.*--all/],
  ["--all beside a table", ["enable", "--all", "users"], 2, /only one of them can be meant/],
  ["--schema beside a table", ["enable", "--schema", "public", "users"], 2, /only one of them can be meant/],
  ["--all beside a table to disable", ["disable", "--all", "users"], 2, /only one of them can be meant/],
  ["an argument too many", ["prune", "users"], 2, /Too many arguments/],
  ["a limit of nothing", ["history", "users", "--limit", "0"], 2, /"0" is not a positive whole number/],
  ["a limit in words", ["history", "users", "--limit", "many"], 2, /"many" is not a positive whole number/],
  ["half a limit", ["history", "users", "--limit", "1.5"], 2, /"1\.5" is not a positive whole number/],
  [
    "an unknown operation",
    ["history", "users", "--op", "upsert"],
    2,
    /"upsert" is not an operation\. Write insert/,
  ],
  [
    "an unknown way to truncate",
    ["enable", "users", "--on-truncate", "keep"],
    2,
    /choices are capture, record, forbid/,
  ],
  [
    "an unknown way to keep images",
    ["enable", "users", "--images", "all"],
    2,
    /'all' is invalid.*choices are changes, full, lean/,
  ],
  [
    "an unknown way with large rows",
    ["enable", "users", "--oversize", "cut"],
    2,
    /'cut' is invalid.*choices are fail, digest/,
  ],
  [
    "too few key values",
    ["history", "orders", "1"],
    2,
    /2 columns \(user_id, no\), but 1 value was given.*\n.*<user_id> <no>/,
  ],
  ["too many key values", ["history", "users", "1", "2"], 2, /one column \(id\), but 2 values were given/],
  ["half a key by name", ["at-time", "now", "orders", "user_id=1"], 2, /incomplete: no is missing/],
  [
    "a key of the wrong type",
    ["history", "users", "abc"],
    2,
    /invalid input syntax for type integer: "abc"/i,
  ],
  [
    "a key of the wrong type, then",
    ["at-time", "now", "users", "abc"],
    2,
    /invalid input syntax for type integer/i,
  ],
  [
    "a key out of range",
    ["diff", "users", "99999999999", "--from", "now"],
    2,
    /out of range for type integer/,
  ],
  ["a NUL in a key", ["history", "users", "a\0b"], 2, /Argument 3 contains a NUL character at position 2/],
  ["a NUL in a name", ["history", "a\0b"], 2, /Argument 2 contains a NUL/],
  ["a NUL in a flag's value", ["history", "users", "--actor", "\0"], 2, /Argument 4 contains a NUL/],
  ["half a surrogate pair", ["history", "users", "\ud800"], 2, /Argument 3 contains half of a character/],
  ["what is no connection string", ["status"], 2, /neither a URL nor a key=value string/, { at: "nonsense" }],
];

const retention: readonly Line[] = [
  ["to keep nothing", ["retention", "set", "normal", "0d"], 2, /it would keep nothing/],
  ["a negative one", ["retention", "set", "normal", "-5d"], 2, /'-5d'/],
  ["a negative one behind --", ["retention", "set", "normal", "--", "-5d"], 2, /less than no time|too many/i],
  ["a bare number", ["retention", "set", "normal", "90"], 2, /"90" has no unit/],
  ["minutes", ["retention", "set", "normal", "10 minutes"], 2, /cannot hold to less than an hour/],
  ["a word", ["retention", "set", "normal", "soon"], 2, /a number is missing here/],
  [
    "an end to forever",
    ["retention", "set", "forever", "1d"],
    2,
    /"forever" keeps for ever.*\nChoose another name/,
  ],
  [
    "another meaning for 90d",
    ["retention", "set", "90d", "30d"],
    2,
    /named after an interval and keeps just that/,
  ],
  ["a name with a blank", ["retention", "set", "My class", "30d"], 2, /the name of a class is made of/],
  ["no interval", ["retention", "set", "normal"], 2, /Missing required argument 'interval'/],
  [
    "an unknown class",
    ["enable", "users", "--retain", "forver"],
    2,
    /no retention class forver\. Did you mean "forever"\?/,
  ],
  [
    "an unknown class, like none",
    ["enable", "users", "--retain", "nosuch"],
    2,
    /class nosuch\.\n.*retention set nosuch 1y.*forever\./,
  ],
  ["a bare number for a class", ["enable", "users", "--retain", "90"], 2, /"90" has no unit/],
];

const installation: readonly Line[] = [
  ["to uninstall with data, unconfirmed", ["uninstall"], 2, /holds recorded history.*\n.*--confirm \S+$/m],
  [
    "to uninstall another database",
    ["uninstall", "--confirm", "wrong"],
    2,
    /--confirm names "wrong", but this is/,
  ],
  [
    "a schema that is not ours for init",
    ["init", "--audit-schema", "other"],
    5,
    /Schema other exists and is not ours/,
  ],
  ...["status", "prune", "retention"].map(
    (command): Line => [
      `${command} without init`,
      [command],
      5,
      /no audit trail.*\n.*audit init$/m,
      { at: "bare" },
    ],
  ),
  ["enable without init", ["enable", "--all"], 5, /no audit trail/, { at: "bare" }],
  ["uninstall without init", ["uninstall"], 5, /no audit trail/, { at: "bare" }],
  [
    "init beside a foreign schema called audit",
    ["init"],
    5,
    /Schema audit exists and is not ours/,
    { at: "foreign" },
  ],
  ["status beside a foreign schema called audit", ["status"], 5, /no audit trail/, { at: "foreign" }],
  [
    "status of half an installation",
    ["status"],
    5,
    /only half installed.*\n.*drop schema audit/,
    { at: "half" },
  ],
  ["init over half an installation", ["init"], 5, /only half installed/, { at: "half" }],
  [
    "status of two installations",
    ["status"],
    2,
    /several audit trails: one, two.*\n.*--audit-schema/,
    { at: "twice" },
  ],
  ["enable in one of two installations", ["enable", "users"], 2, /several audit trails/, { at: "twice" }],
  ["uninstall of one of two", ["uninstall"], 2, /several audit trails/, { at: "twice" }],
];

const surroundings: readonly Line[] = [
  ["no server", ["status"], 4, /Cannot connect to "127\.0\.0\.1:1".*refused/, { at: "noServer" }],
  ["no such host", ["status"], 4, /Cannot connect to "nowhere\.invalid/, { at: "noHost" }],
  [
    "a wrong password",
    ["status"],
    4,
    /password authentication failed.*\nCheck the password/,
    { at: "wrongPassword" },
  ],
  ["no such database", ["history", "users"], 4, /database "no such" does not exist/, { at: "noDatabase" }],
  [
    "init without permission",
    ["init", "--audit-schema", "mine"],
    4,
    /Permission denied for database/,
    { at: "plain" },
  ],
  ...[
    ["status"],
    ["history", "users"],
    ["enable", "users"],
    ["prune"],
    ["uninstall"],
    ["retention"],
    ["init"],
  ].map(
    (args): Line => [
      `${args.join(" ")} without permission`,
      args,
      4,
      /may not read the audit trail in schema audit.*\n.*grant audit_reader to plain_\w+$/m,
      { at: "plain" },
    ],
  ),
];

const groups: Readonly<Record<string, readonly Line[]>> = {
  "a name": names,
  "a table": unfitting,
  "a column": columns,
  "a key": keys,
  "a time": times,
  "a command line": usage,
  "a retention": retention,
  "an installation": installation,
  "the surroundings": surroundings,
};

/** Every case, by what is wrong. The tables and roles they speak of are made by badInput.test.ts. */
export const badInput: readonly (readonly [string, readonly BadInput[]])[] = Object.entries(groups).map(
  ([group, lines]) => [
    group,
    lines.map(([name, args, code, says, where = {}]) => ({ name, args, code, says, ...where })),
  ],
);
