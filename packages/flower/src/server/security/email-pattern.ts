/** `auth`: which e-mail addresses may log in, as Flower reads it, and nothing beyond: a pattern that lets in more than it seems is refused. */
import { ConfigError } from "@celeriac/core/runtime";

/** One address, several with | between them, or one with a single .* before its @; the whole address, in any case. Throws CONFIG_INVALID. */
export function readEmailPattern(pattern: string): (email: string) => boolean {
  const parts = pattern.toLowerCase().split("|");
  const gaps = pattern.split("*").length - 1;
  const isSafe = gaps === 0 || (gaps === 1 && parts.length === 1 && /^[^@]*\.\*[^@]*@[^@*]+$/.test(pattern));
  if (!isSafe || parts.some((part) => part === ""))
    throw new ConfigError(
      "CONFIG_INVALID",
      `Setting auth: expected an e-mail address, several with | between them, or one with a single .* before its @, got ${JSON.stringify(pattern)}`,
    );
  if (gaps === 0) return (email) => parts.includes(email.toLowerCase());
  const [before = "", after = ""] = parts[0]!.split(".*");
  return (email) => {
    const text = email.toLowerCase();
    const between = text.slice(before.length, text.length - after.length);
    return (
      text.length >= before.length + after.length &&
      text.startsWith(before) &&
      text.endsWith(after) &&
      /^[a-z0-9!#$%&'*+/=?^_`{|}~.-]*$/.test(between)
    );
  };
}
