/** A body's bytes ↔ values, by content type: what is not accepted is refused, what is damaged is named. Stands between messages and serializers. */
import { decompress } from "./compression.ts";
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

export interface ContentSettings {
  readonly acceptContent: readonly string[];
  readonly maxMessageBytes: number;
}

/** What a reader takes. */
export interface ContentRules {
  readonly accept: readonly SerializerName[];
  /** of a body, as it came and as it is when it is decompressed */
  readonly maxBytes: number;
}

/** `acceptContent` has names and content types. */
export function contentRules({ acceptContent, maxMessageBytes: maxBytes }: ContentSettings): ContentRules {
  return { accept: acceptedNames(acceptContent), maxBytes };
}

/** Names of what a list of names and content types stands for. */
export function acceptedNames(accepted: readonly string[]): readonly SerializerName[] {
  return accepted.map((each) => serializerOf(each)?.name).filter((name) => name !== undefined);
}

/** Throws PUBLISH_ENCODE with the path of what cannot travel; `parts` are by the names that begin the paths, written as a list. */
export function encodeParts(parts: Readonly<Record<string, unknown>>, serializer: Serializer): Uint8Array {
  for (const [name, part] of Object.entries(parts)) checkEncodable(part, name, serializer.format);
  return guarded("the body", serializer.format, () => serializer.write(plainForm(Object.values(parts))));
}

/** A body as it came, and what its message says of it. */
export interface RawContent {
  readonly body: Uint8Array;
  readonly contentType: string;
  /** for `compression` */
  readonly headers: Readonly<Record<string, unknown>>;
}

/**
 * Throws CONTENT_REFUSED for what `rules` do not accept (pickle always), MESSAGE_TOO_LARGE for what is larger than they allow, MESSAGE_UNDECODABLE
 * for what is not what it says; so does `meant`.
 */
export function decodeContent({ body, contentType, headers }: RawContent, rules: ContentRules): Content {
  const serializer = byContentType.get(contentType);
  if (serializer === undefined || !rules.accept.includes(serializer.name)) throw refused(contentType, serializer, rules);
  if (body.byteLength > rules.maxBytes) throw tooLarge(body.byteLength, rules.maxBytes);
  const { compression } = headers;
  const isPlain = compression === undefined || compression === null || compression === "";
  const bytes = isPlain ? body : decompress(body, compression, rules.maxBytes);
  try {
    const content = serializer.read(bytes);
    return content.meant === null ? content : { value: content.value, meant: translated(serializer, content.meant) };
  } catch (cause) {
    throw undecodable(serializer, cause);
  }
}

export function tooLarge(bytes: number, maxBytes: number): CeleriacError {
  return new CeleriacError("MESSAGE_TOO_LARGE", `Body is ${bytes} bytes, more than maxMessageBytes (${maxBytes})`);
}

function translated(serializer: Serializer, meant: (part: unknown) => unknown): (part: unknown) => unknown {
  return (part) => {
    try {
      return meant(part);
    } catch (cause) {
      throw undecodable(serializer, cause);
    }
  };
}

function undecodable({ format }: Serializer, cause: unknown): CeleriacError {
  return new CeleriacError("MESSAGE_UNDECODABLE", `Body is not ${format.name}: ${reasonOf(cause)}`, { cause });
}

function refused(contentType: string, serializer: Serializer | undefined, { accept }: ContentRules): BrokerError {
  const why = pickleTypes.has(contentType)
    ? "pickle is never read"
    : `accept_content is ${accept.join(", ")}${serializer === undefined ? "" : ` (add ${JSON.stringify(serializer.name)} to read it)`}`;
  return new BrokerError("CONTENT_REFUSED", `Content type ${JSON.stringify(contentType)} refused: ${why}`);
}
