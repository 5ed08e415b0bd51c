/** Airflow's JSON of a connection: an object with its fields. */
import { nearest, shownValue } from "@celeriac/core/runtime";
import { type Connection, connectionOf } from "./connection.ts";
import { readExtra } from "./extra.ts";

const texts = ["conn_type", "host", "login", "password", "schema"] as const;
/** `conn_id` is a repetition, which Airflow's import allows; descriptions are for people, and are not kept. */
const known: readonly string[] = [...texts, "port", "extra", "extra_dejson", "conn_id", "description"];

/** A text: what is wrong with it, without any value that may be secret. */
export function readConnectionFields(id: string, fields: Readonly<Record<string, unknown>>): Connection | string {
  const unknown = Object.keys(fields).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    const near = nearest(unknown, known);
    return `it has an unknown field ${shownValue(unknown)}${near === null ? `, known are ${known.join(", ")}` : `: did you mean ${near}?`}`;
  }
  const wrong = texts.find((name) => !isTextOrNull(fields[name]));
  if (wrong !== undefined) return `its ${wrong} is no text`;
  if (fields["conn_id"] !== undefined && fields["conn_id"] !== id) return `its conn_id is another one: ${shownValue(fields["conn_id"])}`;
  const port = portOf(fields["port"]);
  if (port === undefined) return "its port is no number from 0 to 65535";
  const extra = readExtra(fields["extra"] ?? fields["extra_dejson"]);
  if (typeof extra === "string") return extra;
  const text = (name: (typeof texts)[number]) => (fields[name] === "" ? null : ((fields[name] as string | null | undefined) ?? null));
  const [type, host, login, password, schema] = texts.map(text);
  return connectionOf(id, { type: type ?? undefined, ...{ host, login, password, schema, port, extra } });
}

function isTextOrNull(value: unknown): boolean {
  return value === undefined || value === null || typeof value === "string";
}

/** undefined: it is none. Airflow takes numbers in quotes. */
function portOf(value: unknown): number | null | undefined {
  if (value === undefined || value === null || value === "") return null;
  const port = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
  return Number.isInteger(port) && (port as number) >= 0 && (port as number) <= 65_535 ? (port as number) : undefined;
}
