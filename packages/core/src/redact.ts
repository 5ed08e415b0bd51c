/** Takes secrets out of what people will read: passwords in URLs, and values whose key names a secret. */

const secretKey = /pass(word|wd|phrase)?$|secret|token|api[-_]?key|authorization|cookie|credential|private[-_]?key/i;
const urlPassword = /\b([a-z][a-z0-9+.-]*:\/\/)([^\s/@:]*):([^\s/@]+)@/gi;
export const stars = "********";

/** Whether a key names something that must not be shown. */
export function isSecretKey(key: string): boolean {
  return secretKey.test(key);
}

/** The text with every password in a URL replaced by stars. */
export function redactText(text: string): string {
  return text.includes("://") ? text.replace(urlPassword, `$1$2:${stars}@`) : text;
}

/** A copy with secret values and URL passwords replaced, to a depth of 8; errors keep name, message, code and stack. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === "string") return redactText(value);
  if (typeof value !== "object" || value === null) return value;
  if (depth >= 8) return "[deep]";
  if (value instanceof Error) {
    const { code, cause } = value as { code?: unknown; cause?: unknown };
    return {
      type: value.name,
      message: redactText(value.message),
      ...(typeof code === "string" ? { code } : {}),
      ...(value.stack === undefined ? {} : { stack: redactText(value.stack) }),
      ...(cause === undefined ? {} : { cause: redact(cause, depth + 1) }),
    };
  }
  if (Array.isArray(value)) return value.map((item) => redact(item, depth + 1));
  if (value instanceof Date) return value.toISOString();
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, isSecretKey(key) ? stars : redact(item, depth + 1)]));
}
