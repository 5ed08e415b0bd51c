/** A body's bytes ↔ values, by content type: what is not accepted is refused, what is damaged is named. Stands between messages and serializers. */
import { BrokerError, CeleriacError, reasonOf } from "./errors.ts";
import { type Content, type Serializer, type SerializerName, serializerNames } from "./serializer.ts";
import { checkEncodable, guarded, plainForm } from "./serializers/encodable.ts";
import { jsonSerializer } from "./serializers/json.ts";
import { msgpackSerializer } from "./serializers/msgpack.ts";
import { yamlSerializer } from "./serializers/yaml.ts";

export const serializers: Readonly<Record<SerializerName, Serializer>> = {
  json: jsonSerializer,
  msgpack: msgpackSerializer,
  yaml: yamlSerializer,
};

const byContentType: ReadonlyMap<string, Serializer> = new Map(Object.values(serializers).map((each) => [each.contentType, each]));
const pickleTypes: ReadonlySet<string> = new Set(["application/x-python-serialize", "application/x-pickle"]);

/** The serializer that a name of Celery's or a content type stands for. */
export function serializerOf(nameOrType: string): Serializer | undefined {
  return (
    byContentType.get(nameOrType) ??
    (serializerNames.includes(nameOrType as SerializerName) ? serializers[nameOrType as SerializerName] : undefined)
  );
}

/** What a reader takes. */
export interface ContentRules {
  readonly accept: readonly SerializerName[];
}

/** `accept` as settings have it: names and content types. */
export function contentRules({ acceptContent }: { readonly acceptContent: readonly string[] }): ContentRules {
  return { accept: acceptContent.map((accepted) => serializerOf(accepted)?.name).filter((name) => name !== undefined) };
}

/** Throws PUBLISH_ENCODE with the path of what cannot travel; `parts` are by the names that begin the paths, written as a list. */
export function encodeParts(parts: Readonly<Record<string, unknown>>, serializer: Serializer): Uint8Array {
  for (const [name, part] of Object.entries(parts)) checkEncodable(part, name, serializer.format);
  return guarded("the body", serializer.format, () => serializer.write(plainForm(Object.values(parts))));
}

/** Throws CONTENT_REFUSED for what `rules` do not accept (pickle always), MESSAGE_UNDECODABLE for what is not what it says; so does `meant`. */
export function decodeContent(bytes: Uint8Array, contentType: string, rules: ContentRules): Content {
  const serializer = byContentType.get(contentType);
  if (serializer === undefined || !rules.accept.includes(serializer.name)) throw refused(contentType, serializer, rules);
  const content = reading(serializer, () => serializer.read(bytes));
  const { value, meant } = content;
  return meant === null ? content : { value, meant: (part) => reading(serializer, () => meant(part)) };
}

function reading<T>({ format }: Serializer, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new CeleriacError("MESSAGE_UNDECODABLE", `Body is not ${format.name}: ${reasonOf(cause)}`, { cause });
  }
}

function refused(contentType: string, serializer: Serializer | undefined, { accept }: ContentRules): BrokerError {
  const why = pickleTypes.has(contentType)
    ? "pickle is never read"
    : `accept_content is ${accept.join(", ")}${serializer === undefined ? "" : ` (add ${JSON.stringify(serializer.name)} to read it)`}`;
  return new BrokerError("CONTENT_REFUSED", `Content type ${JSON.stringify(contentType)} refused: ${why}`);
}
