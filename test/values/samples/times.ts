import type { Samples } from "./sample.ts";

/** Instants at the ends of time, offsets no zone has, intervals of all signs. */
export function times(major: number): Samples {
  const interval = [
    "1 mon",
    "30 days",
    "720:00:00",
    "0",
    "-1 mon +2 days -03:04:05.6",
    "1 year 2 mons -3 days +04:05:06.789",
    "-1 year +1 day",
    "1 year -1 day",
    "-00:00:00.000001",
    "178956970 years 7 mons 2147483647 days 2562047788:00:54.775806",
    "-178956970 years -7 mons -2147483648 days -2562047788:00:54.775807",
  ];
  return {
    date: [
      "4714-11-24 BC",
      "5874897-12-31",
      "-infinity",
      "infinity",
      "0001-12-31 BC",
      "0001-01-01",
      "2024-02-29",
      "1582-10-15",
    ],
    "timestamp without time zone": [
      "4714-11-24 00:00:00 BC",
      "294276-12-31 23:59:59.999999",
      "-infinity",
      "infinity",
      "0044-03-15 12:00:00.000001 BC",
      "2026-03-29 02:30:00.123456",
      "1582-10-15 00:00:00.1",
    ],
    "timestamp(3) without time zone": ["2026-03-29 02:30:00.123", "infinity"],
    "timestamp with time zone": [
      "4714-11-24 00:00:00+00 BC",
      "294276-12-31 23:59:59.999999+00",
      "-infinity",
      "infinity",
      "0044-03-15 12:00:00+00 BC",
      "1883-11-18 12:03:58-04:56:02",
      "2026-10-25 00:30:00.123456+00",
      "2026-10-25 01:30:00.123456+00",
    ],
    "time without time zone": ["00:00:00", "24:00:00", "23:59:59.999999", "02:30:00.1"],
    "time(0) without time zone": ["00:00:00", "23:59:59"],
    "time with time zone": [
      "00:00:00+15:59:59",
      "24:00:00-15:59:59",
      "12:34:56.789012+05:45",
      "12:00:00-00:00:01",
      "12:00:00+00",
      "13:00:00+01",
    ],
    interval: major < 17 ? interval : [...interval, "infinity", "-infinity"],
    "interval day to second(2)": ["1 day 02:03:04.56", "-00:00:00.01"],
    "interval year to month": ["1 year 2 mons", "-11 mons"],
  };
}
