/** Bodies that nobody sends in good faith, and the code with which each goes to the dead letters. */
import { deflateSync } from "node:zlib";

export interface Hostile {
  readonly what: string;
  readonly body: Uint8Array;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly code: "MESSAGE_UNDECODABLE" | "CONTENT_REFUSED" | "MESSAGE_TOO_LARGE";
}

const text = (value: string) => Buffer.from(value);
const nested = (open: string, close: string, depth: number) => open.repeat(depth) + close.repeat(depth);
const msgpack = "application/x-msgpack";
const yaml = "application/x-yaml";
const laughs = Array.from({ length: 12 }, (_, level) => `a${level}: &a${level} [${Array(10).fill(level === 0 ? "x" : `*a${level - 1}`)}]`);
const bomb = deflateSync(Buffer.alloc(50_000_000, 0x20));

/** For a worker that accepts JSON, msgpack and YAML, of 1 MB at most. */
export const hostileMessages: readonly Hostile[] = [
  { what: "no JSON", body: text("{"), code: "MESSAGE_UNDECODABLE" },
  { what: "a body of two", body: text("[[], {}]"), code: "MESSAGE_UNDECODABLE" },
  {
    what: "a typed value in the depth",
    body: text(`[[${"[".repeat(20_000)}{"__type__":"date","__value__":"x"}${"]".repeat(20_000)}], {}, {}]`),
    code: "MESSAGE_UNDECODABLE",
  },
  { what: "a typed value of no type", body: text('[[{"__type__":"__proto__","__value__":1}], {}, {}]'), code: "MESSAGE_UNDECODABLE" },
  { what: "an endless integer", body: text(`[[${"9".repeat(500_000)}], {}, {}]`), code: "MESSAGE_UNDECODABLE" },
  {
    what: "a signature that is none",
    body: text('[[], {}, {"chain": [{"__proto__": {"task": "fault.mark"}}]}]'),
    code: "MESSAGE_UNDECODABLE",
  },
  { what: "kwargs that are a list", body: text("[[], [], {}]"), code: "MESSAGE_UNDECODABLE" },
  {
    what: "a msgpack list of four thousand million",
    body: Buffer.from("ddffffffff", "hex"),
    contentType: msgpack,
    code: "MESSAGE_UNDECODABLE",
  },
  {
    what: "lists of 33 million in each other",
    body: Buffer.from(`${"dd01ffffff".repeat(100)}`, "hex"),
    contentType: msgpack,
    code: "MESSAGE_UNDECODABLE",
  },
  { what: "msgpack without end", body: Buffer.alloc(900_000, 0x91), contentType: msgpack, code: "MESSAGE_UNDECODABLE" },
  {
    what: "an extension type",
    body: Buffer.from("93 91 d6ff00000000 80 80".replaceAll(" ", ""), "hex"),
    contentType: msgpack,
    code: "MESSAGE_UNDECODABLE",
  },
  { what: "a billion laughs", body: text(laughs.join("\n")), contentType: yaml, code: "MESSAGE_UNDECODABLE" },
  {
    what: "an object of Python",
    body: text("[[!!python/object/apply:os.system [ls]], {}, {}]"),
    contentType: yaml,
    code: "MESSAGE_UNDECODABLE",
  },
  { what: "YAML without end", body: text(nested("[", "]", 50_000)), contentType: yaml, code: "MESSAGE_UNDECODABLE" },
  { what: "pickle", body: Buffer.from([0x80, 4]), contentType: "application/x-python-serialize", code: "CONTENT_REFUSED" },
  { what: "a type nobody has", body: text("[[], {}, {}]"), contentType: "toString", code: "CONTENT_REFUSED" },
  { what: "a compression nobody has", body: text("[[], {}, {}]"), headers: { compression: "constructor" }, code: "CONTENT_REFUSED" },
  { what: "no gzip", body: text("[[], {}, {}]"), headers: { compression: "gzip" }, code: "MESSAGE_UNDECODABLE" },
  { what: "a bomb", body: bomb, headers: { compression: "application/x-gzip" }, code: "MESSAGE_TOO_LARGE" },
  { what: "two megabytes", body: Buffer.alloc(2_000_000, 0x20), code: "MESSAGE_TOO_LARGE" },
  { what: "protocol 1 without a task", body: text('{"id": "x", "args": []}'), headers: { task: undefined }, code: "MESSAGE_UNDECODABLE" },
  {
    what: "protocol 1 in the depth",
    body: text(`{"task": "fault.mark", "id": "x", "args": ${nested("[", "]", 50_000)}}`),
    headers: { task: undefined },
    code: "MESSAGE_UNDECODABLE",
  },
  { what: "protocol 1 in a bomb", body: bomb, headers: { task: undefined, compression: "gzip" }, code: "MESSAGE_TOO_LARGE" },
];
