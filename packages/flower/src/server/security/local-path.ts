/** Where a login leads back to: a path of this server, whatever was asked for. */

/** `wanted` where it is one, else `otherwise`. */
export function localPath(wanted: unknown, otherwise: string): string {
  if (typeof wanted !== "string" || !/^\/(?![/\\])[\x21-\x7e]*$/.test(wanted)) return otherwise;
  const base = "http://monitor.invalid";
  if (!URL.canParse(wanted, base)) return otherwise;
  const { origin, pathname, search } = new URL(wanted, base);
  // Dots may have led to a second slash in front.
  return origin === base && !pathname.startsWith("//") ? `${pathname}${search}` : otherwise;
}
