import type { Samples } from "./sample.ts";

/** Types of the extensions that come with PostgreSQL, in the schema "ext". */
export const extensions: Readonly<Record<string, Samples>> = {
  hstore: {
    "ext.hstore": [
      "",
      '"a"=>"1", "b"=>NULL',
      '"it\'s \\"q\\""=>"\\\\ , => NULL"',
      '""=>""',
      '"NULL"=>"NULL"',
    ],
  },
  citext: { "ext.citext": ["a", "A", "", "it's", "NULL"] },
  ltree: {
    "ext.ltree": ["", "Top", "Top.Science.A_1"],
    "ext.lquery": ["*", "Top.*{1,3}.!a|b@*", "a.b"],
    "ext.ltxtquery": ["a & b*@", "!x | y%"],
  },
  cube: { "ext.cube": ["(0)", "(-0)", "(0.1, 0.30000000000000004)", "(1, 2),(3, 4)", "(1e300),(5e-324)"] },
  seg: { "ext.seg": ["1.0", "1.00", "~1.5", "<1 .. >2.50", "1 .. ", " .. 3", "-0.5 .. 0.1"] },
  isn: {
    "ext.ean13": ["978-0-393-04002-9", "220-123-4567897"],
    "ext.isbn13": ["978-0-393-04002-9"],
    "ext.isbn": ["0-393-04002-X"],
    "ext.ismn13": ["979-0-060-11561-5"],
    "ext.ismn": ["M-060-11561-5"],
    "ext.issn13": ["977-1436-452-00-8"],
    "ext.issn": ["1436-4522"],
    "ext.upc": ["220123456786"],
  },
  intarray: { "ext.query_int": ["1", "1&(2|!3)", "!1"] },
  lo: { "ext.lo": ["0", "4294967295"] },
};
