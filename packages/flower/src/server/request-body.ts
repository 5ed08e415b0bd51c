/** What a request says beside its path: arguments of the query and of a form, of which the last one counts, and JSON under any content type. */
import type { FastifyRequest } from "fastify";
import { Refusal } from "./access.ts";
import { readBoolean } from "./option-kinds.ts";

/** Arguments by name, each with the reading that Flower gives it. */
export interface RequestArguments {
  /** null: it was not given */
  text(name: string): string | null;
  /** Throws Refusal 400 naming it when it was not given. */
  requiredText(name: string): string;
  boolean(name: string, otherwise: boolean): boolean;
  whole(name: string): number | null;
  requiredWhole(name: string): number;
  number(name: string): number | null;
}

/** Reads query and form. Throws Refusal 400 for a form that is none. */
export async function argumentsOf(request: FastifyRequest): Promise<RequestArguments> {
  const values = new Map(new URL(request.url, "http://asked").searchParams);
  for (const [name, value] of await formOf(request)) values.set(name, value);
  const text = (name: string) => values.get(name)?.trim() ?? null;
  const requiredText = (name: string) => {
    const value = text(name);
    if (value === null) throw new Refusal(400, `Missing argument ${name}`);
    return value;
  };
  const number = (name: string) => {
    const value = text(name);
    return value === null ? null : numberOf(value, "float");
  };
  return {
    text,
    requiredText,
    number,
    boolean(name, otherwise) {
      const value = text(name);
      if (value === null) return otherwise;
      const read = readBoolean(value);
      if (read === undefined) throw invalid(value, "bool");
      return read;
    },
    whole(name) {
      const value = text(name);
      return value === null ? null : wholeOf(value);
    },
    requiredWhole: (name) => wholeOf(requiredText(name)),
  };
}

function wholeOf(text: string): number {
  const value = numberOf(text, "int");
  if (!Number.isSafeInteger(value)) throw invalid(text, "int");
  return value;
}

function numberOf(text: string, type: "int" | "float"): number {
  const value = text === "" ? Number.NaN : Number(text);
  if (!Number.isFinite(value)) throw invalid(text, type);
  return value;
}

/** Flower's words. */
function invalid(value: string, type: string): Refusal {
  return new Refusal(400, `Invalid argument '${value}' of type '${type}'`);
}

async function formOf({ body, headers }: FastifyRequest): Promise<Iterable<readonly [string, string]>> {
  if (!Buffer.isBuffer(body) || body.length === 0) return [];
  const type = headers["content-type"] ?? "";
  if (!/^(?:application\/x-www-form-urlencoded|multipart\/form-data)\b/i.test(type)) return [];
  if (/^application/i.test(type)) return new URLSearchParams(body.toString("utf8"));
  try {
    const form = await new Response(new Uint8Array(body), { headers: { "content-type": type } }).formData();
    return [...form].flatMap(([name, value]) => (typeof value === "string" ? [[name, value] as const] : []));
  } catch {
    throw new Refusal(400, "The body is no form");
  }
}

/** An empty body is an empty object. Throws Refusal 400 for what is no JSON object. */
export function jsonOf({ body }: FastifyRequest): Readonly<Record<string, unknown>> {
  if (!Buffer.isBuffer(body) || body.length === 0) return {};
  let value: unknown;
  try {
    value = JSON.parse(body.toString("utf8"));
  } catch (cause) {
    throw new Refusal(400, cause instanceof Error ? cause.message : "The body is no JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Refusal(400, "invalid options");
  return value as Readonly<Record<string, unknown>>;
}
