/** Bytes of a body ↔ values, by content type: what is not accepted is refused, what is damaged is named. */
import { BrokerError, CeleriacError } from "./errors.ts";
import { type Content, jsonContentType, readJson } from "./serializers/json.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true });
const refusedTypes: ReadonlySet<string> = new Set(["application/x-python-serialize", "application/x-pickle"]);

/** What is in `bytes`. Throws CONTENT_REFUSED for any content type but JSON (pickle always), MESSAGE_UNDECODABLE for what is no JSON. */
export function decodeContent(bytes: Uint8Array, contentType: string): Content {
  if (contentType !== jsonContentType) {
    const why = refusedTypes.has(contentType) ? "pickle is never read" : "only application/json is read";
    throw new BrokerError("CONTENT_REFUSED", `Content type ${JSON.stringify(contentType)} refused: ${why}`);
  }
  const content = reading(() => readJson(utf8.decode(bytes)));
  const { value, meant } = content;
  return meant === null ? content : { value, meant: (part) => reading(() => meant(part)) };
}

function reading<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new CeleriacError("MESSAGE_UNDECODABLE", `Body is not JSON: ${(cause as Error).message}`, { cause });
  }
}
