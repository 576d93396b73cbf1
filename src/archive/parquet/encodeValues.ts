import { microsecondsOf } from "../timestamp.ts";
import type { ColumnKind } from "./columns.ts";
import { varint } from "./thrift.ts";

/** The values as Parquet's PLAIN: integers little-endian, texts each behind its length. */
export function encodePlain(values: readonly string[], kind: ColumnKind): Uint8Array {
  if (kind === "text" || kind === "json") return encodeTexts(values);
  if (kind === "int32") return encodeInt32(values);
  return encodeInt64(values, kind);
}

function encodeTexts(values: readonly string[]): Uint8Array {
  let most = 0;
  // UTF-8 takes three bytes at most for a UTF-16 unit.
  for (const value of values) most += 4 + value.length * 3;
  // Most text is ASCII: what it needs if it is, and more only when it turns out not to be.
  let buffer = Buffer.allocUnsafe(Math.min(most, 64 + Math.ceil(most / 2.8)));
  let at = 0;
  for (const value of values) {
    const needed = at + 4 + value.length * 3;
    if (needed > buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, Math.min(most, buffer.length * 2)));
      buffer.copy(larger, 0, 0, at);
      buffer = larger;
    }
    const length = buffer.write(value, at + 4, "utf8");
    buffer.writeUInt32LE(length, at);
    at += 4 + length;
  }
  return buffer.subarray(0, at);
}

function encodeInt32(values: readonly string[]): Uint8Array {
  const buffer = Buffer.allocUnsafe(values.length * 4);
  for (const [index, value] of values.entries()) buffer.writeInt32LE(integer(value), index * 4);
  return buffer;
}

function encodeInt64(values: readonly string[], kind: ColumnKind): Uint8Array {
  const buffer = Buffer.allocUnsafe(values.length * 8);
  const numberOf = numberReader(kind);
  let at = 0;
  for (const value of values) {
    const number = numberOf(value);
    if (typeof number === "number") {
      buffer.writeUInt32LE(number % TWO_32, at);
      buffer.writeUInt32LE(Math.floor(number / TWO_32), at + 4);
    } else if (kind === "uint64") buffer.writeBigUInt64LE(number, at);
    else buffer.writeBigInt64LE(number, at);
    at += 8;
  }
  return buffer;
}

const TWO_32 = 2 ** 32;

/** Reads the integers that values are written as: a number where that is exact and not negative, else a bigint. */
export function numberReader(kind: ColumnKind): (value: string) => number | bigint {
  const quick = kind === "timestamp" ? quickMicroseconds() : quickInteger;
  return (value) => quick(value) ?? bigValue(value, kind);
}

function bigValue(value: string, kind: ColumnKind): bigint {
  if (kind === "timestamp") return microsecondsOf(value);
  if (!/^-?\d+$/.test(value)) throw new RangeError(`not a whole number: ${value.slice(0, 100)}`);
  return BigInt(value);
}

function integer(value: string): number {
  return Number(bigValue(value, "int32"));
}

/** The number where it is plain and no double loses a digit; else undefined. */
function quickInteger(value: string): number | undefined {
  return /^\d{1,15}$/.test(value) ? Number(value) : undefined;
}

/**
 * A reader of the instants that nearly all are, of years 1970 to 2199: in microseconds, or undefined for any
 * other. It keeps the day it saw last, for the next is mostly the same.
 */
function quickMicroseconds(): (text: string) => number | undefined {
  let day = "";
  let seconds = 0;
  return (text) => {
    const length = text.length;
    if (length > 29 || length < 22 || length === 23 || !text.endsWith("+00")) return undefined;
    const date = text.slice(0, 10);
    if (date !== day) {
      if (!/^(19[7-9]|20\d|21\d)\d-\d\d-\d\d$/.test(date)) return undefined;
      day = date;
      seconds = Date.parse(`${date}T00:00:00Z`) / 1000;
    }
    let fraction = 0;
    for (let at = 20; at < 26; at++) fraction = fraction * 10 + (at < length - 3 ? digit(text, at) : 0);
    const clock = (two(text, 11) * 60 + two(text, 14)) * 60 + two(text, 17);
    const microseconds = (seconds + clock) * 1e6 + fraction;
    return Number.isSafeInteger(microseconds) ? microseconds : undefined;
  };
}

function two(text: string, at: number): number {
  return digit(text, at) * 10 + digit(text, at + 1);
}

function digit(text: string, at: number): number {
  const value = text.charCodeAt(at) - 0x30;
  return value >= 0 && value <= 9 ? value : Number.NaN;
}

/**
 * Small numbers as Parquet's hybrid of runs and packed bits: one run where all are the same, else all packed.
 * `width` is 1, 2, 4, 8 or 16: what is compressed afterwards gains nothing from odder ones.
 */
export function encodeHybrid(values: Uint8Array | Uint16Array, width: number): Uint8Array {
  const [first = 0] = values;
  if (values.every((value) => value === first)) {
    const run = varint(values.length * 2);
    return Buffer.concat([
      run,
      width === 16 ? Uint8Array.of(first & 0xff, first >> 8) : Uint8Array.of(first),
    ]);
  }
  const groups = Math.ceil(values.length / 8);
  const packed = new Uint8Array(groups * width);
  for (let index = 0; index < values.length; index++) {
    const value = values[index] ?? 0;
    if (width === 16) {
      packed[index * 2] = value & 0xff;
      packed[index * 2 + 1] = value >> 8;
    } else {
      const bit = index * width;
      packed[bit >> 3] = (packed[bit >> 3] ?? 0) | (value << (bit & 7));
    }
  }
  return Buffer.concat([varint(groups * 2 + 1), packed]);
}
