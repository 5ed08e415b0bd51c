/** Takes secrets out of what people will read: passwords in URLs, values whose key names a secret, and secrets that this process knows. */
import { withoutKnownSecrets } from "./known-secrets.ts";

const secretWord = "secret|token|api[-_]?key|authorization|cookie|credential|private[-_]?key";
const secretKey = new RegExp(`pass(word|wd|phrase)|pass$|${secretWord}`, "i");
const secretKeyWithin = new RegExp(`pass|${secretWord}`, "i");
// To the last @ before a slash; a password with a slash in it, which is no URL any more, to the last @ unless it may be a port.
const urlPassword = /\b([a-z][a-z0-9+.-]*:\/\/)([^\s/@:]*):(?:[^\s/]+|(?<=\/\/:)\S+|(?!\d+(?:[/?#]|$))\S+)@/gi;
const urlParameter = /([?&](?:ssl_)?(?:pass|password|passwd|secret|token|access_token|api[-_]?key)=)[^\s&#]+/gi;
const deepest = 8;
export const stars = "********";

/** Whether a key names something that must not be shown. */
export function isSecretKey(key: string): boolean {
  return secretKey.test(key);
}

/** Whether such a key may be somewhere in a text: false is sure. */
export function mayNameSecret(text: string): boolean {
  return secretKeyWithin.test(text);
}

/** The text with every known secret replaced by stars, and as it is otherwise: for what user code prints. */
export function maskSecrets(text: string): string {
  return withoutKnownSecrets(text, stars);
}

/** The text with every password in a URL, and every known secret, replaced by stars. */
export function redactText(given: string): string {
  const text = withoutKnownSecrets(given, stars);
  return text.includes("://") ? text.replace(urlPassword, `$1$2:${stars}@`).replace(urlParameter, `$1${stars}`) : text;
}

/** The same for a text that is meant as a URL: one without "://" is none, and may be a password that was put in its place. */
export function redactUrl(url: string): string {
  if (url.includes("://")) return redactText(url);
  return url === "disabled" ? url : stars;
}

/** A copy with secret values, known secrets and URL passwords replaced, to a depth of 8, that JSON can write; errors keep name, message, code, stack and what caused them. Never throws. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === "string") return redactText(value);
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "object" || value === null) return value;
  if (depth >= deepest) return "[deep]";
  try {
    return redactObject(value, (item) => redact(item, depth + 1));
  } catch {
    return "[unreadable]";
  }
}

function redactObject(value: object, inner: (item: unknown) => unknown): unknown {
  if (value instanceof Error) return redactError(value, inner);
  if (Array.isArray(value)) return value.map(inner);
  if (value instanceof Set) return [...value].map(inner);
  if (ArrayBuffer.isView(value)) return `<${value.byteLength} bytes>`;
  if ("toJSON" in value && typeof value.toJSON === "function") return inner(value.toJSON());
  const entries = value instanceof Map ? [...value].map(([key, item]) => [String(key), item] as const) : Object.entries(value);
  return Object.fromEntries(entries.map(([key, item]) => [key, isSecretKey(key) ? stars : inner(item)]));
}

function redactError(error: Error, inner: (item: unknown) => unknown): object {
  const { code, cause, errors } = error as { code?: unknown; cause?: unknown; errors?: unknown };
  return {
    type: error.name,
    message: redactText(error.message),
    ...(typeof code === "string" ? { code } : {}),
    ...(error.stack === undefined ? {} : { stack: redactText(error.stack) }),
    ...(Array.isArray(errors) ? { errors: errors.map(inner) } : {}),
    ...(cause === undefined ? {} : { cause: inner(cause) }),
  };
}
