/**
 * Headers as the library must be given them so that Python reads what was meant: the library would write 128 to 32,767 with the code `s`, which
 * Python's client takes for a short text, and then loses its place in the table; negative bytes it takes for unsigned.
 */

/** The code trapdoor of the library: a value with its type. */
interface TypedValue {
  readonly "!": string;
  readonly value: number | bigint;
}

/** A copy of `headers` whose numbers carry types that every client reads alike. Throws TypeError for what no field table can hold. */
export function fieldTable(headers: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const table: Record<string, unknown> = {};
  for (const key in headers) table[key] = fieldValue(headers[key]);
  return table;
}

function fieldValue(value: unknown): unknown {
  if (typeof value === "number") return numberValue(value);
  if (typeof value === "bigint") return bigintValue(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => (item === undefined ? null : fieldValue(item)));
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (value instanceof Date) return value.toISOString();
  if (isTyped(value)) return value;
  return fieldTable(value as Record<string, unknown>);
}

function numberValue(value: number): number | TypedValue {
  if (value >= 0 && value < 128 && Number.isInteger(value)) return value;
  if (!Number.isInteger(value)) return { "!": "double", value };
  if (value >= -0x80000000 && value < 0x80000000) return { "!": "int", value };
  return Number.isSafeInteger(value) ? { "!": "long", value } : { "!": "double", value };
}

function bigintValue(value: bigint): TypedValue {
  if (BigInt.asIntN(64, value) !== value) throw new TypeError(`The integer ${value} does not fit into 64 bits`);
  return { "!": "long", value };
}

/** What the library gives for a decimal or a timestamp, which it takes back as it is. */
function isTyped(value: object): boolean {
  const type = (value as { "!"?: unknown })["!"];
  return type === "timestamp" || type === "decimal";
}
