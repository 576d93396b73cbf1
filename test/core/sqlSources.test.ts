import { describe, expect, it } from "vitest";
import { findNames } from "../../src/core/sqlSources.ts";
import { tokenize } from "../../src/core/sqlTokens.ts";

const names = (sql: string) => findNames(tokenize(sql));
const sources = (sql: string) =>
  names(sql).sources.map(
    ({ schema, table, only, aliased }) =>
      `${only ? "only " : ""}${schema === undefined ? "" : `${schema}.`}${table}${aliased ? " as" : ""}`,
  );

describe("the relations of a query", () => {
  it.each<[string, string[]]>([
    ["select 1", []],
    ["select a, b from Users", ["users"]],
    [
      'select * from public.users u, "Odd.Name", s."T" as t (a, b)',
      ["public.users as", "Odd.Name", "s.T as"],
    ],
    ["select * from a join b on a.x = b.y left join s.c using (x), lateral d", ["a", "b", "s.c", "d"]],
    ["select * from only s.a natural join only b", ["only s.a", "only b"]],
    ["select * from (a cross join (s.b full join c on true)), d", ["a", "s.b", "c", "d"]],
    ["select * from (select * from s.a where x in (select y from b, c)) as q, d", ["s.a", "b", "c", "d"]],
    ["table s.a", ["s.a as"]],
    ["select 1 union all (table only a) order by x, y", ["only a as"]],
    ["with a as (select * from b), c as materialized (table d) select * from a, c", ["b", "d as", "a", "c"]],
    ["select extract(year from s.born), substring(x from s.y for 2), trim(both from s.z) from t", ["t"]],
    ["select a is distinct from s.b, a is not distinct from s.b from t", ["t"]],
    ["select * from f(x, s.y) with ordinality, s.g(1) as g, h", ["h"]],
    ["select * from rows from (f(), s.g()), h", ["rows as", "h"]],
    ["select * from t where a = s.b group by s.c, s.d having s.e > 1 order by s.f, s.g limit 1", ["t"]],
    ["select array(select s.x from s.y), exists (select from z)", ["s.y", "z"]],
    ["select (s.x).y, s.x[1] from t tablesample system (1)", ["t"]],
    ['select x.from, x."from", s.table from t', ["t"]],
    ["select * from db.public.users", []],
    ["select 'from x', $$ from y $$ from z -- from w", ["z"]],
    ["select * from a where x in (1, 2), b", ["a"]],
    ["select array_agg(x order by y, z), a from t, u", ["t", "u"]],
  ])("%s", (sql, expected) => {
    expect(sources(sql)).toEqual(expected);
  });

  it("come with their places", () => {
    const sql = 'select 1 from  public . "U" , b';
    const [first, second] = names(sql).sources;
    expect(sql.slice(first?.at, first?.end)).toBe('public . "U"');
    expect(sql.slice(second?.at, second?.end)).toBe("b");
  });
});

describe("the schemas of columns", () => {
  it("are those before a table's name with a column or a star behind it", () => {
    const sql = 'select public.users.id, "S".t.*, a.b, a.*, d.p.u.id, (x.y.z).f from q';
    expect(
      names(sql).columns.map(({ schema, table, at, end }) => [schema, table, sql.slice(at, end)]),
    ).toEqual([
      ["public", "users", "public."],
      ["S", "t", '"S".'],
      ["x", "y", "x."],
    ]);
  });
});

describe("the functions of a query", () => {
  it("are names with a parenthesis behind them", () => {
    expect(names('select count(*), s.f (1), "G"(x) from h(2) where a in (1)').functions).toEqual([
      { schema: undefined, name: "count" },
      { schema: "s", name: "f" },
      { schema: undefined, name: "G" },
      { schema: undefined, name: "h" },
      { schema: undefined, name: "in" },
    ]);
  });
});
