// What capture costs: the same writes on the same table, unaudited, under the tutorials' trigger and under ours,
// interleaved in rounds. Prints what each adds to the unaudited write, and the ratio to the tutorials' trigger.
// Usage: npm run bench [-- --rounds 15 --bulk 100000 --bulk-rounds 3 --major 18 --guarded --json FILE]
import { writeFile } from "node:fs/promises";
import os from "node:os";
import { parseArgs } from "node:util";
import postgres from "postgres";
import { startEmbeddedServer } from "../../dist/embedded/server.js";
import { figuresOf, flatnessText, timeText, totalText, walText } from "./figures.mjs";
import { measureBulk, measureFlatness, measureSingles } from "./measures.mjs";
import { createMeter } from "./meter.mjs";
import { runAudit } from "./server.mjs";
import { allVariants, createTable, seed, tableOf } from "./tables.mjs";

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "15" },
    single: { type: "string", default: "300" },
    bulk: { type: "string", default: "100000" },
    "bulk-rounds": { type: "string", default: "3" },
    major: { type: "string", default: "18" },
    guarded: { type: "boolean", default: false },
    json: { type: "string" },
  },
});
const single = Number(options.single);
const bulk = Number(options.bulk);
const variants = allVariants.filter(({ guarded }) => !guarded || options.guarded);

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
  const connect = () => postgres(server.url, { max: 1, onnotice: () => {} });
  const sql = connect();
  const meter = await createMeter(sql);
  const [{ version }] = await sql`select version()`;
  const machine = `${os.cpus()[0]?.model.trim()}, ${os.cpus().length} cores, Node ${process.version}`;
  console.log(`${machine}\n${version}\nMeasured: ${meter.unit}\n`);

  const prepared = await prepare(sql);
  const singles = figuresOf(
    await measureSingles(sql, meter, prepared, { rounds: Number(options.rounds), single }),
  );
  const one = "1-row transactions";
  console.log([timeText(one, singles), totalText(one, singles, ["lean"]), walText(one, singles)].join("\n"));

  const bulks = figuresOf(
    await measureBulk(sql, meter, prepared, { rounds: Number(options["bulk-rounds"]), bulk }),
  );
  const whole = `${bulk}-row statements, per row`;
  console.log([timeText(whole, bulks), totalText(whole, bulks, ["lean"]), walText(whole, bulks)].join("\n"));

  const flatness = await measureFlatness(connect, sql, prepared, { bulk });
  console.log(
    flatnessText(
      `Per row at ${bulk} rows / at 1000 rows, in a session that began with single rows`,
      flatness,
    ),
  );
  await sql.end();
  if (options.json !== undefined) {
    const figures = { machine, version, measured: meter.unit, single, bulk, singles, bulks, flatness };
    await writeFile(options.json, `${JSON.stringify(figures, null, 2)}\n`);
  }
}

/** Makes and audits the tables. Each of ours gets a log of its own, as the tutorials' has, told as `log`. */
async function prepare(sql) {
  await runAudit(server.url, "init");
  const prepared = [];
  for (const variant of variants) {
    const { name, sql: setUp, audit: flags, guarded } = variant;
    const table = tableOf(variant);
    await sql.unsafe(createTable(table));
    await sql.unsafe(seed(table, single));
    if (setUp) await sql.unsafe(setUp(table));
    const schema = guarded ? "guarded_audit" : "audit";
    const url = guarded ? await plainRole(sql, table) : server.url;
    if (guarded) await runAudit(url, "init", "--audit-schema", schema);
    if (flags) {
      const class_ = `bench_${name}`;
      await runAudit(url, "retention", "set", class_, "forever", "--audit-schema", schema);
      await runAudit(url, "enable", table, "--retain", class_, ...flags, "--audit-schema", schema);
      const [{ segment }] = await sql.unsafe(
        `select hot_segment as segment from ${schema}.retention where name = '${class_}'`,
      );
      prepared.push({ ...variant, log: `${schema}.change_${segment}` });
    } else prepared.push(variant);
  }
  await sql.unsafe("vacuum analyze");
  return prepared;
}

/** A role that owns a table and may do little else; its URL. */
async function plainRole(sql, table) {
  await sql.unsafe("create role bench_owner login password 'bench'");
  await sql.unsafe("grant create on schema public to bench_owner");
  await sql.unsafe(`alter table ${table} owner to bench_owner`);
  const [{ database }] = await sql`select quote_ident(current_database()) as database`;
  await sql.unsafe(`grant create on database ${database} to bench_owner`);
  const url = new URL(server.url);
  url.username = "bench_owner";
  url.password = "bench";
  return url.href;
}
