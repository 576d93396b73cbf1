import { expect, it } from "vitest";
import type { Point } from "../../src/core/series.ts";
import { type PlotOptions, plotText } from "../../src/output/plot.ts";
import { createStyle } from "../../src/output/style.ts";

const options: PlotOptions = {
  title: "price of public.item 7",
  width: 60,
  until: new Date("2026-11-22T12:00:00Z"),
  zone: "Europe/Berlin",
  unicode: true,
  style: createStyle(false),
};

const at = (hour: string, value: string | null): Point => ({
  at: `2026-11-22T${hour}:00+00:00`,
  tx: "1",
  value,
});

const prices = [
  at("10:00", "10.00"),
  at("10:30", "25.50"),
  at("11:00", null),
  at("11:15", "2"),
  at("11:45", "12.5"),
];

it("draws steps and gaps in braille", () => {
  expect(plotText(prices, options)).toMatchInlineSnapshot(`
    "price of public.item 7
    least 2, greatest 25.50, last 12.5
    25.50 ┤             ⡏⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉
          ┤             ⡇
          ┤             ⡇
          ┤             ⡇
          ┤             ⡇
     12.5 ┤             ⡇                                ⡤⠤⠤⠤⠤⠤⠤
          ┤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠇                                ⡇
          ┤                                              ⡇
          ┤                                              ⡇
        2 ┤                                 ⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⡇
           2026-11-22 11:00:00               2026-11-22 13:00:00
    "
  `);
});

it("draws them in ASCII where the terminal has no more", () => {
  expect(plotText(prices, { ...options, unicode: false })).toMatchInlineSnapshot(`
    "price of public.item 7
    least 2, greatest 25.50, last 12.5
    25.50 |             +-------------
          |             |
          |             |
          |             |
          |             |
     12.5 |             |                                +------
          |-------------+                                |
          |                                              |
          |                                              |
        2 |                                 -------------+
           2026-11-22 11:00:00               2026-11-22 13:00:00
    "
  `);
});

it("draws a value that never changed, and ends with a deleted row", () => {
  expect(
    plotText([at("10:00", "5"), at("11:00", null)], { ...options, unicode: false, width: 40 }),
  ).toMatchInlineSnapshot(`
    "price of public.item 7
    least 5, greatest 5, last null
      |
      |
      |
      |
      |
      |
      |
      |
      |
    5 |-------------------
       11:00:00                     13:00:00
    "
  `);
});

it("keeps to the width, whatever the labels are", () => {
  const huge = "9".repeat(100);
  const text = plotText([at("10:00", "-1e308"), at("11:00", huge), at("11:30", "1e308")], {
    ...options,
    width: 30,
  });
  for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(30);
  expect(text).toContain("…");
});

it("has nothing to draw without a number", () => {
  expect(plotText([], options)).toBe("");
  expect(plotText([at("10:00", null), at("10:30", "NaN"), at("10:45", " ")], options)).toBe("");
});
