/** Words of a command line as the arguments of a task. */
import { CeleriacError } from "@celeriac/core/runtime";

/** A word is JSON; one that cannot be meant as such is a text. Throws COMMAND_USAGE. */
export function readWord(word: string): unknown {
  try {
    return JSON.parse(word) as unknown;
  } catch (cause) {
    if (!/^\s*[[{"]/.test(word)) return word;
    throw new CeleriacError("COMMAND_USAGE", `the argument ${word} is neither JSON nor a plain text`, { cause });
  }
}
