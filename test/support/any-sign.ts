/** Any code point at all, as the unit of random texts: the library's own unit for that spends seconds on a table first. */
import fc from "fast-check";

export const anySign: fc.Arbitrary<string> = fc.nat({ max: 0x10ffff }).map((code) => String.fromCodePoint(code));
