/** The tables of `docs/internals.md` that say what lies in each store, as patterns that a test can hold names against. */
import { readFileSync } from "node:fs";

export type StoreName = "Redis" | "SQLite" | "PostgreSQL" | "RabbitMQ";

export interface KeyRow {
  /** as it is written, e.g. "{<list>}:delay" */
  readonly pattern: string;
  /** what the server calls it, e.g. "zset" */
  readonly type: string;
  readonly owner: string;
  /** the longest time to live, ms; null = none, Infinity = as asked */
  readonly ttlMs: number | null;
}

export interface KeyMatch {
  readonly row: KeyRow;
  /** the one that the name tells, where the row has `<incarnation>` */
  readonly incarnation: string | null;
}

export interface KeyTable {
  readonly rows: readonly KeyRow[];
  /** Every row that names it: exactly one should. */
  matches(name: string): readonly KeyMatch[];
}

const page = new URL("../../docs/internals.md", import.meta.url);
const unitMs: Readonly<Record<string, number>> = { s: 1_000, min: 60_000, h: 3_600_000, d: 86_400_000 };

/** `queues`: every queue that was used, those of dead letters included. Throws when there is no table of the store. */
export function readKeyTable(store: StoreName, queues: readonly string[]): KeyTable {
  const rows = rowsOf(store);
  const expressions = rows.map(({ pattern }) => expressionOf(pattern, queues));
  return {
    rows,
    matches: (name) =>
      rows.flatMap((row, index) => {
        const match = expressions[index]?.exec(name);
        return match == null ? [] : [{ row, incarnation: match.groups?.["incarnation"] ?? null }];
      }),
  };
}

function rowsOf(store: StoreName): readonly KeyRow[] {
  const section = readFileSync(page, "utf8")
    .split(/^### /m)
    .find((part) => part.startsWith(`${store}\n`));
  const [header, , ...lines] = (section ?? "").split("\n").filter((line) => line.startsWith("|"));
  if (header === undefined) throw new Error(`docs/internals.md has no table of ${store}`);
  return lines.map((line) => {
    const [pattern = "", type = "", owner = "", , goes = ""] = line
      .slice(1, -1)
      .split("|")
      .map((cell) => cell.trim().replaceAll("`", ""));
    return { pattern, type, owner, ttlMs: timeToLive(goes) };
  });
}

function timeToLive(goes: string): number | null {
  const [found, count, unit = ""] = /\b(?:TTL|x-expires):? (?:as asked|(\d+) (s|min|h|d)\b)/.exec(goes) ?? [];
  if (found === undefined) return null;
  return count === undefined ? Number.POSITIVE_INFINITY : Number(count) * (unitMs[unit] ?? Number.NaN);
}

function expressionOf(pattern: string, queues: readonly string[]): RegExp {
  const tagged = (queue: string) => /\{[^}]+\}/.test(queue);
  const steps = "(?:\\x06\\x16[369])?";
  const placeholders: Readonly<Record<string, string>> = {
    "{<list>}": `(?:\\{${oneOf(queues.filter((queue) => !tagged(queue)))}${steps}\\}|${oneOf(queues.filter(tagged))}${steps}:)`,
    "<queue>": oneOf(queues),
    // Where nothing is declared, each stands beside a queue of its name.
    "<exchange>": oneOf(queues),
    "<step>": "[369]",
    "<incarnation>": "(?<incarnation>.+@.+:[\\w-]{12})",
    "<file>": "[^/-]+",
    "<inc>": "\\d+",
    "<group>": "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "<level>": "(?:1?\\d|2[0-7])",
    "<hash>": "[\\w-]{43}",
    "<reply>": "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
  };
  const source = pattern.replace(/\{<list>\}|<[a-z]+>|\\x[0-9a-f]{2}|./g, (part) => {
    if (part.startsWith("\\x")) return part;
    return placeholders[part] ?? (/^<[a-z]+>$/.test(part) ? ".+" : literally(part));
  });
  return new RegExp(`^${source}$`, "s");
}

function oneOf(names: readonly string[]): string {
  return names.length === 0 ? "(?!)" : `(?:${names.map(literally).join("|")})`;
}

function literally(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
