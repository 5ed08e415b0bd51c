/**
 * Looks through MessagePack bytes that anybody may have sent, before a decoder makes room for what they claim to hold.
 * The format is that of https://github.com/msgpack/msgpack/blob/master/spec.md.
 */

/** Lists and maps in each other: as deep as Python's packer goes. */
const deepest = 511;

/** first byte → bytes behind it, for values of a fixed size */
const fixed: ReadonlyMap<number, number> = new Map([
  ...([0xc0, 0xc2, 0xc3].map((token) => [token, 0]) as [number, number][]),
  ...([0xcc, 0xd0].map((token) => [token, 1]) as [number, number][]),
  ...([0xcd, 0xd1].map((token) => [token, 2]) as [number, number][]),
  ...([0xca, 0xce, 0xd2].map((token) => [token, 4]) as [number, number][]),
  ...([0xcb, 0xcf, 0xd3].map((token) => [token, 8]) as [number, number][]),
]);

/** first byte → bytes of the length or count behind it */
const sized: ReadonlyMap<number, { readonly kind: "text" | "list" | "map"; readonly bytes: 1 | 2 | 4 }> = new Map([
  [0xc4, { kind: "text", bytes: 1 }],
  [0xc5, { kind: "text", bytes: 2 }],
  [0xc6, { kind: "text", bytes: 4 }],
  [0xd9, { kind: "text", bytes: 1 }],
  [0xda, { kind: "text", bytes: 2 }],
  [0xdb, { kind: "text", bytes: 4 }],
  [0xdc, { kind: "list", bytes: 2 }],
  [0xdd, { kind: "list", bytes: 4 }],
  [0xde, { kind: "map", bytes: 2 }],
  [0xdf, { kind: "map", bytes: 4 }],
]);

/** Throws SyntaxError unless `bytes` are one value without extension types, all of it there, nested no deeper than Python does. */
export function checkMsgpack(bytes: Uint8Array): void {
  /** values still to come in the lists and maps around the present one */
  const around: number[] = [];
  let toCome = 1;
  let at = 0;

  function take(length: number): number {
    const start = at;
    at += length;
    if (at > bytes.length) throw new SyntaxError("msgpack ends early");
    return start;
  }

  function number(length: number): number {
    const start = take(length);
    let value = 0;
    for (let i = start; i < at; i++) value = value * 256 + bytes[i]!;
    return value;
  }

  function enter(values: number): void {
    if (values > bytes.length - at) throw new SyntaxError(`msgpack claims ${values} values where ${bytes.length - at} bytes are left`);
    if (around.length >= deepest) throw new SyntaxError(`msgpack is nested deeper than ${deepest}`);
    around.push(toCome);
    toCome = values;
  }

  while (toCome > 0) {
    toCome--;
    const token = bytes[take(1)]!;
    const size = sized.get(token);
    if (token >= 0x80 && token <= 0x8f) enter((token & 0x0f) * 2);
    else if (token >= 0x90 && token <= 0x9f) enter(token & 0x0f);
    else if (token >= 0xa0 && token <= 0xbf) take(token & 0x1f);
    else if (size?.kind === "text") take(number(size.bytes));
    else if (size !== undefined) enter(number(size.bytes) * (size.kind === "map" ? 2 : 1));
    else if (token > 0x7f && token < 0xe0) {
      const length = fixed.get(token);
      if (length === undefined) throw new SyntaxError(`msgpack has an extension type or none (0x${token.toString(16)})`);
      take(length);
    }
    while (toCome === 0 && around.length > 0) toCome = around.pop()!;
  }
  if (at !== bytes.length) throw new SyntaxError("msgpack goes on behind its value");
}
