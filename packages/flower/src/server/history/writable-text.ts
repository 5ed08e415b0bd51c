/** Text that every database takes: none has NUL, or halves of a sign, in a text. */

const unwritable = /[\0\p{Surrogate}]/gu;

export function writable(text: string): string {
  return text.replace(unwritable, "\ufffd");
}
