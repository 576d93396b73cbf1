// What capture costs: the same writes on the same table, unaudited, under the tutorials' trigger and under ours,
// interleaved in many short rounds. Prints the minimum and the median of what each adds to the unaudited write,
// and the ratio to the tutorials' trigger. Usage: npm run bench [-- --rounds 15 --major 18]
import os from "node:os";
import { parseArgs } from "node:util";
import postgres from "postgres";
import { startEmbeddedServer } from "../../dist/embedded/server.js";
import { main } from "../../dist/main.js";

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "15" },
    single: { type: "string", default: "300" },
    bulk: { type: "string", default: "20000" },
    "bulk-rounds": { type: "string", default: "5" },
    major: { type: "string", default: "18" },
  },
});
const rounds = Number(options.rounds);
const bulkRounds = Number(options["bulk-rounds"]);
const single = Number(options.single);
const bulk = Number(options.bulk);

const columns = "a, b, c, d, e, f, g, h, i, j, k, l";
const row = (n) =>
  `${n}, ${n}, 'name ' || ${n}, 'some longer text value ' || ${n}, ${n} * 1.5, now(), current_date, true,
   '5c5e0f9e-3c2b-4a7e-9a46-0f6b0c8b2d11'::uuid, 'x', ${n}, repeat('y', 30)`;

const createTable = (name) => `
  create table ${name} (
    id bigint primary key, a integer, b integer, c text, d text, e numeric(12,2), f timestamptz, g date, h boolean,
    i uuid, j text, k bigint, l text
  ) with (autovacuum_enabled = off)`;

/** The tutorials' own: row-level, generic, whole images, a key and three indexes. */
const tutorial = (table) => `
  create table tutorial_log (
    id bigserial primary key, table_name text not null, operation text not null, old_row jsonb, new_row jsonb,
    changed_at timestamptz not null default now(), changed_by text not null default current_user
  );
  create index on tutorial_log (table_name);
  create index on tutorial_log (changed_at);
  create index on tutorial_log (changed_by);
  create function tutorial_audit() returns trigger language plpgsql as $$
  begin
    if tg_op = 'INSERT' then
      insert into tutorial_log (table_name, operation, new_row) values (tg_table_name, tg_op, to_jsonb(new));
      return new;
    elsif tg_op = 'UPDATE' then
      insert into tutorial_log (table_name, operation, old_row, new_row) values (tg_table_name, tg_op, to_jsonb(old), to_jsonb(new));
      return new;
    end if;
    insert into tutorial_log (table_name, operation, old_row) values (tg_table_name, tg_op, to_jsonb(old));
    return old;
  end $$;
  create trigger tutorial_audit after insert or update or delete on ${table} for each row execute function tutorial_audit();`;

/** Every way of auditing to compare; `audit` are the arguments of enable beside the table. */
const variants = [{ name: "plain" }, { name: "tutorial", sql: tutorial }, { name: "changes", audit: [] }];

const operations = {
  insert: (table, n) => `insert into ${table} (id, ${columns}) values (${n}, ${row(n)})`,
  update: (table, n) => `update ${table} set a = a + 1, c = c || 'x' where id = ${n}`,
  delete: (table, n) => `delete from ${table} where id = ${n}`,
};

const bulkStatements = {
  insert: (table) =>
    `insert into ${table} (id, ${columns}) select n, ${row("n")} from generate_series(1000001, 1000000 + ${bulk}) as n`,
  update: (table) => `update ${table} set a = a + 1, c = c || 'x' where id > 1000000`,
  delete: (table) => `delete from ${table} where id > 1000000`,
};

const server = await startEmbeddedServer({
  major: Number(options.major),
  settings: {
    fsync: "off",
    synchronous_commit: "off",
    autovacuum: "off",
    max_wal_size: "8GB",
    shared_buffers: "512MB",
    full_page_writes: "off",
  },
});
try {
  await run();
} finally {
  await server.stop();
}

async function run() {
  const sql = postgres(server.url, { max: 1, onnotice: () => {} });
  const [{ version }] = await sql`select version()`;
  console.log(
    `${os.cpus()[0]?.model.trim()}, ${os.cpus().length} cores, Node ${process.version}\n${version}\n`,
  );
  await prepare(sql);
  const singles = await measureSingles(sql);
  const bulks = await measureBulk(sql);
  const flat = await measureFlatness(sql);
  print("1-row transaction, microseconds above unaudited", singles);
  print(`${bulk}-row statement, microseconds per row above unaudited`, bulks.time);
  print(`${bulk}-row statement, WAL bytes per row`, bulks.wal, false);
  console.log(
    "update per row, large statement / 1,000-row statement, after single-row statements in the same session",
  );
  for (const [name, ratio] of flat) console.log(`  ${name.padEnd(12)} ${ratio.toFixed(2)}`);
  await sql.end();
}

async function prepare(sql) {
  for (const { name } of variants) {
    await sql.unsafe(createTable(name));
    await sql.unsafe(
      `insert into ${name} (id, ${columns}) select n, ${row("n")} from generate_series(1, ${single}) as n`,
    );
  }
  await audit("init");
  for (const { name, sql: setUp, audit: flags } of variants) {
    if (setUp) await sql.unsafe(setUp(name));
    if (flags) await audit("enable", name, ...flags);
  }
  await sql.unsafe("vacuum analyze");
}

async function audit(...args) {
  const talk = [];
  const code = await main([...args, "--database-url", server.url], {
    out: async (text) => {
      talk.push(text);
    },
    err: (text) => talk.push(text),
    outIsTTY: false,
    errIsTTY: false,
    outColor: false,
    errColor: false,
    width: undefined,
    env: {},
    now: () => new Date(),
    onSignal: () => () => {},
  });
  if (code !== 0) throw new Error(`audit ${args.join(" ")} ended with ${code}: ${talk.join("")}`);
}

/** Every transaction is one statement and its commit, looped in the server: no round trips in the figure. */
async function measureSingles(sql) {
  const samples = emptySamples();
  for (let round = 0; round < rounds + 1; round++) {
    for (const [operation, statement] of Object.entries(operations)) {
      for (const { name } of variants) {
        const first = operation === "update" ? 1 : 100001 + round * single;
        await sql.unsafe(`
          do $do$
          declare began timestamptz := clock_timestamp();
          begin
            for n in ${first} .. ${first + single - 1} loop
              ${statement(name, "n")};
              commit;
            end loop;
            perform set_config('bench.micros', (extract(epoch from clock_timestamp() - began) * 1e6 / ${single})::text, false);
          end $do$`);
        const [{ micros }] = await sql`select current_setting('bench.micros')::float8 as micros`;
        // The first round warms plans and pages.
        if (round > 0) samples[name][operation].push(micros);
      }
    }
  }
  return samples;
}

async function measureBulk(sql) {
  const time = emptySamples();
  const wal = emptySamples();
  for (let round = 0; round < bulkRounds; round++) {
    for (const [operation, statement] of Object.entries(bulkStatements)) {
      for (const { name } of variants) {
        const [{ lsn: from }] = await sql`select pg_current_wal_insert_lsn() as lsn`;
        const began = performance.now();
        await sql.unsafe(statement(name));
        const elapsed = performance.now() - began;
        const [{ lsn: to }] = await sql`select pg_current_wal_insert_lsn() as lsn`;
        const [{ bytes }] = await sql`select (${to}::pg_lsn - ${from}::pg_lsn)::float8 as bytes`;
        time[name][operation].push((elapsed * 1000) / bulk);
        wal[name][operation].push(bytes / bulk);
      }
    }
  }
  return { time, wal };
}

/** A plan cached by the first small statement must not be the plan of a large one. */
async function measureFlatness(sql) {
  const ratios = [];
  for (const { name, audit: flags } of variants) {
    if (!flags) continue;
    await sql.unsafe(bulkStatements.insert(name));
    for (let n = 1; n <= 20; n++) await sql.unsafe(operations.update(name, n));
    const perRow = async (rows) => {
      const times = [];
      for (let round = 0; round < 3; round++) {
        const began = performance.now();
        await sql.unsafe(
          `update ${name} set a = a + 1, c = c || 'x' where id between 1000001 and ${1000000 + rows}`,
        );
        times.push((performance.now() - began) / rows);
      }
      return Math.min(...times);
    };
    const small = await perRow(1000);
    ratios.push([name, (await perRow(bulk)) / small]);
    await sql.unsafe(bulkStatements.delete(name));
  }
  return ratios;
}

function median(list) {
  return [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
}

function emptySamples() {
  return Object.fromEntries(variants.map(({ name }) => [name, { insert: [], update: [], delete: [] }]));
}

function print(title, samples, above = true) {
  console.log(`${title} (minimum / median; ratio to the tutorials' trigger by minimum)`);
  for (const { name } of variants) {
    const cells = ["insert", "update", "delete"].map((operation) => {
      const extra = (reduce, which) =>
        reduce(samples[which][operation]) - (above ? reduce(samples.plain[operation]) : 0);
      const least = (list) => Math.min(...list);
      if (name === "plain")
        return `${least(samples.plain[operation]).toFixed(1)} / ${median(samples.plain[operation]).toFixed(1)}`;
      const ratio = extra(least, name) / extra(least, "tutorial");
      return `${extra(least, name).toFixed(1)} / ${extra(median, name).toFixed(1)} (${ratio.toFixed(2)})`;
    });
    console.log(`  ${name.padEnd(12)} ${cells.map((cell) => cell.padEnd(24)).join("")}`);
  }
  console.log();
}
