/** One attack: what an unprivileged owner of schemas plants before writing to an audited table. */
export interface Attack {
  readonly name: string;
  readonly plant: string;
  /** Runs the planted code for the attacker under a hostile path: proof that it is alive. None where it cannot be reached. */
  readonly probe?: string;
}

/** Every planted body: it tells whom it ran as, whatever comes of it afterwards. */
const body = (what: string, result: string) =>
  `language plpgsql as $evil$ begin perform evil.ran('${what}'); return ${result}; end $evil$`;

function shadow(signature: string, type: string, result: string, probe?: string): Attack {
  return {
    name: `the function ${signature}`,
    plant: `create function evil.${signature} returns ${type} ${body(signature.replaceAll("'", ""), result)}`,
    ...(probe === undefined ? {} : { probe: `select ${probe}` }),
  };
}

const samples: Readonly<Record<string, string>> = {
  "evil.mood": "'happy'::evil.mood",
  "evil.mood[]": "'{happy}'::evil.mood[]",
  "evil.pair": "row(1, 'a')::evil.pair",
  "evil.span": "'[1,2)'::evil.span",
  "evil.box": "row('happy', '{sad}')::evil.box",
};

/** Functions that capture calls or could call, with the same and with better-matching arguments. */
const functions: readonly Attack[] = [
  shadow("format(text, text)", "text", "'x'", "format('%s', 'a'::text)"),
  shadow("format(text, anyelement)", "text", "'x'"),
  shadow("format(text, evil.mood)", "text", "'x'", "format('%s', 'happy'::evil.mood)"),
  shadow("format(text, numeric)", "text", "'x'", "format('%s', 1.5::numeric)"),
  shadow("format(text)", "text", "'x'", "format('a'::text)"),
  shadow('"left"(text, int)', "text", "'T'", "\"left\"('INSERT'::text, 1)"),
  shadow("jsonb_object(text[], text[])", "jsonb", "'{}'", "jsonb_object('{a}'::text[], '{b}'::text[])"),
  shadow("jsonb_object(text[])", "jsonb", "'{}'", "jsonb_object('{a,b}'::text[])"),
  shadow("jsonb_build_array(text, text)", "jsonb", "'[]'", "jsonb_build_array('a'::text, 'b'::text)"),
  shadow("jsonb_build_object(text, text)", "jsonb", "'{}'", "jsonb_build_object('a'::text, 'b'::text)"),
  shadow("jsonb_build_object(text, anyelement)", "jsonb", "'{}'"),
  shadow("jsonb_typeof(jsonb)", "text", "'object'", "jsonb_typeof('1'::jsonb)"),
  shadow("to_jsonb(text)", "jsonb", "'{}'", "to_jsonb('a'::text)"),
  shadow("to_jsonb(anyelement)", "jsonb", "'{}'", "to_jsonb(1)"),
  shadow("to_jsonb(shop.item)", "jsonb", "'{}'", "to_jsonb(null::shop.item)"),
  shadow("current_setting(text)", "text", "'forged'", "current_setting('role'::text)"),
  shadow("current_setting(text, boolean)", "text", "'forged'", "current_setting('audit.actor'::text, true)"),
  shadow("set_config(text, text, boolean)", "text", "'x'", "set_config('audit.x'::text, 'y'::text, true)"),
  shadow("inet_client_addr()", "inet", "'6.6.6.6'", "inet_client_addr()"),
  shadow("clock_timestamp()", "timestamptz", "'2000-01-01'", "clock_timestamp()"),
  shadow("nextval(regclass)", "bigint", "-1", "nextval('shop.counter'::regclass)"),
  shadow("nextval(text)", "bigint", "-1", "nextval('a'::text)"),
  shadow("pg_current_xact_id()", "xid8", "'3'", "pg_current_xact_id()"),
  shadow("num_nulls(anyelement)", "int", "1"),
  shadow("num_nulls(numeric)", "int", "1", "num_nulls(1.5::numeric)"),
  shadow("array_append(text[], text)", "text[]", "'{}'", "array_append('{a}'::text[], 'b'::text)"),
  shadow("array_append(anyarray, anyelement)", "anyarray", "$1"),
  shadow("cardinality(text[])", "int", "0", "cardinality('{a}'::text[])"),
  shadow("strpos(text, text)", "int", "0", "strpos('a'::text, 'b'::text)"),
  shadow("substr(text, int)", "text", "'x'", "substr('a'::text, 1)"),
  shadow("split_part(text, text, int)", "text", "'(0,99)'", "split_part('a'::text, 'b'::text, 1)"),
  shadow("length(text)", "int", "0", "length('a'::text)"),
  shadow("octet_length(text)", "int", "0", "octet_length('a'::text)"),
  shadow("md5(text)", "text", "'x'", "md5('a'::text)"),
  shadow("concat(text, text)", "text", "'x'", "concat('a'::text, 'b'::text)"),
  shadow("concat_ws(text, text, text)", "text", "'x'", "concat_ws('a'::text, 'b'::text, 'c'::text)"),
  shadow("quote_ident(text)", "text", "'x'", "quote_ident('a'::text)"),
  shadow("quote_literal(text)", "text", "'x'", "quote_literal('a'::text)"),
  shadow("pg_relation_filenode(regclass)", "oid", "1", "pg_relation_filenode('pg_class'::regclass)"),
  shadow("format_type(oid, int)", "text", "'x'", "format_type('text'::regtype::oid, 0)"),
  shadow("text(evil.mood)", "text", "'x'", "evil.text('happy'::evil.mood)"),
  shadow("jsonb(evil.mood)", "jsonb", "'{}'", "evil.jsonb('happy'::evil.mood)"),
];

function operator(
  symbol: string,
  left: string,
  right: string,
  type: string,
  result: string,
  probe?: string,
): Attack {
  const name = `the operator ${symbol} (${left}, ${right})`;
  return {
    name,
    plant: `
      create function evil.operate(${left}, ${right}) returns ${type} ${body(name, result)};
      create operator evil.${symbol} (leftarg = ${left}, rightarg = ${right}, function = evil.operate)`,
    ...(probe === undefined ? {} : { probe: `select ${probe}` }),
  };
}

/** Operators, also those that IS DISTINCT FROM, IN and CASE look up by name. */
const operators: readonly Attack[] = [
  operator("=", "text", "text", "boolean", "true", "'a'::text = 'b'::text"),
  operator("=", "int", "int", "boolean", "true", "1 is distinct from 2"),
  operator("=", "numeric", "numeric", "boolean", "true", "1.5 = 2.5"),
  operator(
    "=",
    "evil.mood",
    "evil.mood",
    "boolean",
    "true",
    "'happy'::evil.mood is distinct from 'sad'::evil.mood",
  ),
  operator(
    "=",
    "evil.pair",
    "evil.pair",
    "boolean",
    "true",
    "row(1, 'a')::evil.pair = row(1, 'b')::evil.pair",
  ),
  operator("=", "evil.word", "evil.word", "boolean", "true", "'a'::evil.word = 'b'::evil.word"),
  operator("=", '"char"', '"char"', "boolean", "true", "'a'::\"char\" = 'b'::\"char\""),
  operator("=", "tid", "tid", "boolean", "true", "'(0,1)'::tid = '(0,2)'::tid"),
  operator("<>", "text", "text", "boolean", "false", "'a'::text <> 'b'::text"),
  operator("<>", "int", "int", "boolean", "false", "1 <> 2"),
  operator("||", "text", "text", "text", "'x'", "'a'::text || 'b'::text"),
  operator("||", "text", "int", "text", "'x'", "'a'::text || 1"),
  operator("||", "jsonb", "jsonb", "jsonb", "'{}'", "'{}'::jsonb || '{}'::jsonb"),
  operator("~", "text", "text", "boolean", "true", "'a'::text ~ 'b'::text"),
  operator("!~", "text", "text", "boolean", "false", "'a'::text !~ 'b'::text"),
  operator("->>", "jsonb", "text", "text", "'x'", "'{}'::jsonb ->> 'a'::text"),
  operator("&", "bigint", "bigint", "bigint", "0", "1::bigint & 2::bigint"),
  operator("<", "bigint", "bigint", "boolean", "true", "1::bigint < 2::bigint"),
  operator("*<>", "shop.item", "shop.item", "boolean", "false"),
  operator("~~", "text", "text", "boolean", "true", "'a'::text like 'b'::text"),
];

/** Names of types, tables and sequences that capture writes down, found first on a hostile path. */
const names: readonly Attack[] = [
  ...["text", "jsonb", '"char"', "tid", "xid8", "oid", "int8", "regclass", "trigger"].map((type) => ({
    name: `an enum called ${type}`,
    plant: `create type evil.${type} as enum ('x')`,
  })),
  {
    name: "a domain called text whose check runs code",
    plant: "create domain evil.text as pg_catalog.text check ((evil.ran('domain') is null) is not null)",
    probe: "select 'a'::evil.text",
  },
  ...[
    "change",
    "relation",
    "pg_class",
    "pg_attribute",
    "pg_trigger",
    "pg_type",
    "pg_namespace",
    "installation",
  ].map((name) => ({
    name: `a temporary table called ${name}`,
    plant: `create temporary table ${name} (id int, oid oid)`,
  })),
  {
    name: "a temporary view called pg_attribute that runs code",
    plant:
      "create temporary view pg_attribute as select evil.ran('view') is null as told, 0::oid as attrelid, 1::smallint as attnum",
    probe: "select * from pg_temp.pg_attribute",
  },
  { name: "a temporary sequence called change_id", plant: "create temporary sequence change_id" },
  {
    name: "a function in pg_temp",
    plant: `create function pg_temp.format(text, text) returns text ${body("pg_temp.format", "'x'")}`,
    probe: "select pg_temp.format('a'::text, 'b'::text)",
  },
  {
    name: "an aggregate called string_agg",
    plant: `
      create function evil.add(text, text, text) returns text ${body("string_agg", "'x'")};
      create aggregate evil.string_agg(text, text) (sfunc = evil.add, stype = text)`,
    probe: "select string_agg('a'::text, 'b'::text)",
  },
  {
    name: "an aggregate called array_agg",
    plant: `
      create function evil.add(text[], text) returns text[] ${body("array_agg", "$1")};
      create aggregate evil.array_agg(text) (sfunc = evil.add, stype = text[])`,
    probe: "select array_agg('a'::text)",
  },
  {
    name: "a procedure called format",
    plant:
      "create procedure evil.format(text, text) language plpgsql as $evil$ begin perform evil.ran('procedure'); end $evil$",
    probe: "call format('a'::text, 'b'::text)",
  },
  {
    name: "default privileges that hand everything to everybody",
    plant: `
      alter default privileges grant all on tables to public;
      alter default privileges grant all on functions to public;
      alter default privileges grant all on types to public;
      alter default privileges grant all on schemas to public`,
  },
  {
    name: "a trigger of the table that changes the path between the row and its capture",
    plant: `
      create function evil.format(text, text) returns text ${body("format", "'x'")};
      create function evil.turn() returns trigger language plpgsql as $evil$
      begin
        perform pg_catalog.set_config('search_path', 'evil, pg_temp, pg_catalog', true);
        return new;
      end $evil$;
      create trigger "!" before insert or update on shop.item for each row execute function evil.turn();
      create trigger "!!" after insert or update or delete on shop.item for each row execute function evil.turn()`,
  },
  {
    name: "a trigger of the table that sets what capture remembers",
    plant: `
      create function evil.turn() returns trigger language plpgsql as $evil$
      begin
        perform pg_catalog.set_config('audit.moves', ';1(0,1)<(0,2);2(0,2)<(0,1);' || pg_catalog.repeat('x', 9000), true);
        return new;
      end $evil$;
      create trigger "!" before insert or update on shop.item for each row execute function evil.turn()`,
  },
];

/** Casts that the owner of a type may give it, which PostgreSQL would take by itself where they are implicit. */
const casts: readonly Attack[] = ["evil.mood", "evil.mood[]", "evil.pair", "evil.span", "evil.box"].flatMap(
  (source) =>
    ["json", "jsonb", "text", "varchar"].flatMap((target) =>
      (target === "json" ? ["implicit", "assignment", "explicit"] : ["implicit"]).map((context) => ({
        name: `the ${context} cast from ${source} to ${target}`,
        plant: `
        create function evil.turn(${source}) returns ${target} ${body(`cast ${source} ${target}`, target.startsWith("json") ? "'{}'" : "'x'")};
        create cast (${source} as ${target}) with function evil.turn(${source})${context === "explicit" ? "" : ` as ${context}`}`,
        probe: `select ${samples[source]}::${target}`,
      })),
    ),
);

/** All attacks; each is planted by itself. */
export const attacks: readonly Attack[] = [...functions, ...operators, ...casts, ...names];

/** The orders in which a hostile session has names looked up. */
export const hostilePaths: readonly string[] = [
  "evil, pg_catalog, shop, public",
  "pg_temp, evil, shop, pg_catalog",
  "evil, shop, pg_temp",
];
