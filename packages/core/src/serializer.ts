/** The contract of a serializer: values ↔ bytes under one content type. Implementations live in `serializers/`, `content.ts` knows them all. */
import type { Format, Plain } from "./serializers/encodable.ts";

/** Celery's names. Its fourth, pickle, runs whatever code a message names: it is neither read nor written. */
export const serializerNames = ["json", "msgpack", "yaml"] as const;
export type SerializerName = (typeof serializerNames)[number];

export interface Serializer {
  readonly name: SerializerName;
  readonly contentType: string;
  /** as kombu names it: "utf-8" or "binary" */
  readonly contentEncoding: string;
  /** what it has words for */
  readonly format: Format;
  /** For what was checked against `format`. */
  write(value: Plain): Uint8Array;
  /** Whatever is wrong with the bytes is an Error that says so; they may be anybody's. */
  read(bytes: Uint8Array): Content;
}

/** What lay in some bytes. */
export interface Content {
  /** kombu's typed values as they lie there, so that what is sent on stays what it was */
  readonly value: unknown;
  /** Turns typed values in a part of it into what they mean, in place; null where there are none. */
  readonly meant: ((part: unknown) => unknown) | null;
}
