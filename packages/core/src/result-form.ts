/**
 * Results are Celery's JSON text wherever they are handled. Where Python reads them (Redis, rpc://) they may lie as `result_serializer` says:
 * what is written there, and the JSON text of what is read there.
 */
import type { ResultContent } from "./backend.ts";
import { decodeContent, serializers } from "./content.ts";
import type { SerializerName } from "./serializer.ts";
import { checkEncodable, plainForm } from "./serializers/encodable.ts";
import { encodeJson, jsonText, readJson } from "./serializers/json.ts";

/** YAML is not among them: the script in Redis that keeps final states could not read it. */
export const resultSerializerNames = ["json", "msgpack"] as const;
export type ResultSerializerName = (typeof resultSerializerNames)[number];

/** JSON text of a value that a task returned. Throws PUBLISH_ENCODE for what JSON or `serializer` cannot carry; `name` begins its path. */
export function encodeResult(value: unknown, name: string, serializer: ResultSerializerName): string {
  if (serializer !== "json") checkEncodable(value, name, serializers[serializer].format);
  return encodeJson(value, name);
}

/** What lies in Redis or travels to a reply queue for `text`; undefined: the text itself. */
export function resultContent(text: string, name: ResultSerializerName): ResultContent | undefined {
  if (name === "json") return undefined;
  const { value, meant } = readJson(text);
  const { write, contentType, contentEncoding } = serializers[name];
  return { bytes: write(plainForm(meant === null ? value : meant(value))), contentType, contentEncoding };
}

/** The JSON text of what lies there, which its first byte tells apart. What cannot be read, or is not accepted, stays as it is. */
export function resultTextOf(stored: Buffer, accept: readonly SerializerName[]): string {
  // Every map of msgpack begins with a byte that no JSON text does.
  if ((stored[0] ?? 0) < 0x80) return stored.toString();
  try {
    const raw = { body: stored, contentType: serializers.msgpack.contentType, headers: {} };
    return jsonText(plainForm(decodeContent(raw, { accept, maxBytes: Number.POSITIVE_INFINITY }).value));
  } catch {
    return stored.toString("latin1");
  }
}
