/** Patterns of the server (SCAN, PSUBSCRIBE) that stand for a text itself. */

export function literalGlob(text: string): string {
  return text.replace(/[\\*?[\]]/g, "\\$&");
}
