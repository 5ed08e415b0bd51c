/** Gives a child process a text that nobody else can read: a file of its user alone, which has no name any more when the child begins. For launchers. */
import { randomUUID } from "node:crypto";
import { closeSync, openSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** `use` gets the descriptor, at the beginning of the text; it is closed when `use` returns. A pipe of Node's is a socket, which /dev/stdin cannot open anew. */
export function withUnlinkedFile<T>(text: string, use: (descriptor: number) => T): T {
  const path = join(tmpdir(), `celeriac-${randomUUID()}`);
  let descriptor: number;
  writeFileSync(path, text, { flag: "wx", mode: 0o600 });
  try {
    descriptor = openSync(path, "r");
  } finally {
    unlinkSync(path);
  }
  try {
    return use(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
