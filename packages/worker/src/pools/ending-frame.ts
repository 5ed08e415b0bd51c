/**
 * An Ending as the payload of a frame: `u32 run time in µs | u32 length | meta as JSON | value as JSON text | bodies of the publications`.
 * A length of 0 means the ending most runs have: succeeded, nothing to publish, no children.
 */
import type { Ending, Publication } from "@celeriac/core/runtime";
import { type FrameWriter, frameKind } from "./frames.ts";

interface Meta {
  /** the ending without its value and publications */
  readonly ending: Readonly<Record<string, unknown>>;
  readonly valueBytes: number;
  /** publications with an empty object in place of their body */
  readonly publish: readonly Publication[] | null;
  readonly bodyBytes: readonly number[];
}

const longestMicros = 2 ** 32 - 1;

/** Throws RangeError when the frame would be too large; nothing is written then. */
export function writeEnding(writer: FrameWriter, number: number, ending: Ending, runMs: number): void {
  const plain = ending.kind === "succeeded" && hasValueOnly(ending);
  const publish = "publish" in ending ? ending.publish : null;
  const value = ending.kind === "succeeded" ? ending.value : "";
  const meta = plain ? "" : metaText(ending, value, publish);
  writer.open(frameKind.outcome, number);
  writer.u32(Math.min(Math.round(runMs * 1000), longestMicros));
  writer.sizedText(meta);
  writer.text(value);
  for (const publication of publish ?? []) writer.bytes(publication.envelope.body);
  writer.close();
}

function hasValueOnly({ opens, counts, unlocked, children, publish }: Extract<Ending, { kind: "succeeded" }>): boolean {
  return opens === undefined && counts === undefined && unlocked === undefined && children.length === 0 && publish.length === 0;
}

export interface SentEnding {
  readonly ending: Ending;
  /** how long it ran, as the executor measured it */
  readonly runMs: number;
}

export function readEnding(bytes: Buffer, start: number, end: number): SentEnding {
  const runMs = bytes.readUInt32LE(start) / 1000;
  const metaBytes = bytes.readUInt32LE(start + 4);
  const metaAt = start + 8;
  if (metaBytes === 0) {
    return { ending: { kind: "succeeded", value: bytes.toString("utf8", metaAt, end), children: [], publish: [] }, runMs };
  }
  const valueAt = metaAt + metaBytes;
  const meta = JSON.parse(bytes.toString("utf8", metaAt, valueAt)) as Meta;
  const ending: Record<string, unknown> = { ...meta.ending };
  if (ending["kind"] === "succeeded") ending["value"] = bytes.toString("utf8", valueAt, valueAt + meta.valueBytes);
  if (meta.publish !== null) ending["publish"] = withBodies(meta.publish, meta.bodyBytes, bytes, valueAt + meta.valueBytes);
  return { ending: ending as unknown as Ending, runMs };
}

function metaText(ending: Ending, value: string, publish: readonly Publication[] | null): string {
  const meta: Meta = {
    ending: { ...ending, value: undefined, publish: undefined },
    valueBytes: Buffer.byteLength(value),
    publish: publish?.map((publication) => ({ ...publication, envelope: { ...publication.envelope, body: noBody } })) ?? null,
    bodyBytes: publish?.map((publication) => publication.envelope.body.length) ?? [],
  };
  return JSON.stringify(meta);
}

const noBody = new Uint8Array(0);

function withBodies(publish: readonly Publication[], bodyBytes: readonly number[], bytes: Buffer, from: number): Publication[] {
  let at = from;
  return publish.map((publication, index) => {
    const body = bytes.subarray(at, at + (bodyBytes[index] ?? 0));
    at += body.length;
    return { ...publication, envelope: { ...publication.envelope, body } };
  });
}
