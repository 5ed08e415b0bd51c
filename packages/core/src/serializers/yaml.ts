/** YAML 1.1 as PyYAML's safe_dump and safe_load have it: no tags but the standard ones, aliases within bounds. */
import { createRequire } from "node:module";
import type { CST } from "yaml";
import type { Serializer } from "../serializer.ts";
import { type Format, hasTooManyDigits, isBytes, longestIntegerDigits, type Plain, tooManyDigits } from "./encodable.ts";

const format: Format = { name: "YAML", bigint: tooManyDigits, bytes: true, nonFinite: true };
const utf8 = new TextDecoder("utf-8", { fatal: true });

type Yaml = typeof import("yaml");
type Token = CST.Token;
let loaded: Yaml | null = null;

/** Loaded by the first message that needs it. */
function yaml(): Yaml {
  loaded ??= createRequire(import.meta.url)("yaml") as Yaml;
  return loaded;
}

export const yamlSerializer: Serializer = {
  name: "yaml",
  contentType: "application/x-yaml",
  contentEncoding: "utf-8",
  format,
  write: (value) => Buffer.from(`${yamlText(value)}\n`),
  read: (bytes) => ({ value: readYaml(utf8.decode(bytes)), meant: null }),
};

/** Sets and ordered maps of YAML have no form in any other serializer. */
const refusedTags: ReadonlySet<string> = new Set(["set", "omap", "pairs"].map((name) => `tag:yaml.org,2002:${name}`));

/** Collections in each other, each of which may count twice. */
const deepest = 500;

function readYaml(text: string): unknown {
  const composer = new (yaml().Composer)({
    version: "1.1",
    intAsBigInt: true,
    customTags: (tags) => tags.filter((tag) => typeof tag === "string" || !refusedTags.has(tag.tag)),
  });
  const [document, another] = [...composer.compose(parsed(text), true, text.length)];
  if (document === undefined || another !== undefined) throw new SyntaxError("it is not one document");
  // A tag that is not known is only a warning there.
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) throw problem;
  return withNumbers(document.toJS({ maxAliasCount: 100 }), new Set());
}

/** Looks at the depth while it parses: composing is recursive, and close to its end a stack is no place for the regular expressions of the composer. */
function* parsed(text: string): Generator<Token, void> {
  const { Lexer, Parser } = yaml();
  const parser = new Parser();
  for (const lexeme of new Lexer().lex(text)) {
    yield* parser.next(lexeme);
    if (parser.stack.length > deepest) throw new SyntaxError(`it is nested deeper than ${deepest}`);
  }
  yield* parser.end();
}

/** Integers that a number holds exactly as numbers. Changes lists and objects in place, once each (`seen`): aliases share them. */
function withNumbers(value: unknown, seen: Set<object>): unknown {
  if (typeof value === "bigint") return numberOf(value);
  if (typeof value !== "object" || value === null || value instanceof Date || isBytes(value) || seen.has(value)) return value;
  seen.add(value);
  const members = value as Record<string, unknown>;
  for (const name of Object.keys(members)) {
    const member = members[name];
    const changed = withNumbers(member, seen);
    if (changed !== member) members[name] = changed;
  }
  return value;
}

function numberOf(value: bigint): number | bigint {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  if (hasTooManyDigits(String(value))) throw new SyntaxError(`An integer of more than ${longestIntegerDigits} digits`);
  return value;
}

/** What PyYAML does not take as it is, even between quotes. */
const unprintable = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;
/** PyYAML looks for the colon of a plain key no further than this. */
const longestKey = 1_000;

/** In flow style, which is JSON but for numbers and bytes: so no text can be taken for anything else. */
function yamlText(value: Plain): string {
  if (typeof value === "number") return numberText(value);
  if (typeof value === "bigint") return String(value);
  if (typeof value === "string") return quoted(value);
  if (typeof value !== "object" || value === null) return String(value);
  if (isBytes(value)) return `!!binary "${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64")}"`;
  if (Array.isArray(value)) return `[${value.map(yamlText).join(", ")}]`;
  const entries = Object.entries(value).map(([name, member]) => `${keyText(quoted(name))}: ${yamlText(member)}`);
  return `{${entries.join(", ")}}`;
}

function keyText(key: string): string {
  return key.length > longestKey ? `? ${key} ` : key;
}

function quoted(text: string): string {
  return JSON.stringify(text).replace(unprintable, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** A float of YAML 1.1 has a point. */
function numberText(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? ".nan" : value < 0 ? "-.inf" : ".inf";
  if (Number.isSafeInteger(value)) return String(value);
  const text = Number.isInteger(value) ? value.toExponential() : String(value);
  return text.includes(".") ? text : text.replace("e", ".0e");
}
