import { describe, expect, it } from "vitest";
import { applyEdits } from "../../src/core/edits.ts";
import { groupAlso } from "../../src/core/groupKeys.ts";

/** The text with the column added that is marked by `^` before it. */
function repaired(marked: string): string | undefined {
  const at = marked.indexOf("^");
  const text = marked.replace("^", "");
  const edit = groupAlso(text, at, '"t"."told"');
  return edit && applyEdits(text, [edit]);
}

describe("groupAlso", () => {
  it.each<[string, string]>([
    ["select ^u.name from u group by u.id", 'select u.name from u group by u.id, "u"."name"'],
    ["select ^name from u group by id order by 1", 'select name from u group by id, "name" order by 1'],
    ["select ^s.u.name from s.u group by id", 'select s.u.name from s.u group by id, "u"."name"'],
    ["select ^u.* from u group by id", 'select u.* from u group by id, "t"."told"'],
    [
      'select f(^"A b") from u group by (id), 2 having true',
      'select f("A b") from u group by (id), 2, "A b" having true',
    ],
    [
      "select a from b group by a union select ^c from d group by e limit 1",
      'select a from b group by a union select c from d group by e, "c" limit 1',
    ],
    [
      "select x, (select y from v where v.a = (^u.b)) from u group by id",
      'select x, (select y from v where v.a = (u.b)) from u group by id, "u"."b"',
    ],
    [
      "with q as (select ^u.b from u group by id union all select 1) select 2 from v group by w",
      'with q as (select u.b from u group by id, "u"."b" union all select 1) select 2 from v group by w',
    ],
    [
      "select (select 1 union select ^u.b) from u group by id",
      'select (select 1 union select u.b) from u group by id, "u"."b"',
    ],
  ])("%s", (marked, expected) => {
    expect(repaired(marked)).toBe(expected);
  });

  it.each([
    "select ^a from u",
    "select ^a from u group by rollup (id)",
    "select ^a from u group by distinct id",
    "select ^a from (select 1 from u group by id) q",
    "^",
  ])("leaves alone %s", (marked) => {
    expect(repaired(marked)).toBeUndefined();
  });
});
