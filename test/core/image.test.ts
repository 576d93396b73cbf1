import { describe, expect, it } from "vitest";
import { arrangeImage } from "../../src/core/image.ts";

describe("arrangeImage", () => {
  it("puts values into the table's order, unknown columns last", () => {
    const image = { id: "7", sku: "a", note: null, customer: "3" };
    expect(Object.entries(arrangeImage(image, ["customer", "id", "sku"]))).toEqual([
      ["customer", "3"],
      ["id", "7"],
      ["sku", "a"],
      ["note", null],
    ]);
  });

  it("loses no column, whatever it is called", () => {
    const image = JSON.parse('{"b":1,"__proto__":"x"}');
    const arranged = arrangeImage(image, ["__proto__", "b"]);
    expect(JSON.stringify(arranged)).toBe('{"__proto__":"x","b":1}');
  });
});
