/** Cuts a stream of bytes into lines: log records, and what a task's process prints. */
import { StringDecoder } from "node:string_decoder";

/** What has no end is handed on in pieces. */
const longestLine = 1 << 20;

/** `end` hands on a last line without an end of its own. */
export function cutLines(emit: (line: string) => void): { add(chunk: Buffer): void; end(): void } {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  const end = () => {
    if (rest !== "") emit(rest);
    rest = "";
  };
  return {
    add(chunk) {
      const lines = (rest + decoder.write(chunk)).split("\n");
      rest = lines.pop() as string;
      for (const line of lines) emit(line.endsWith("\r") ? line.slice(0, -1) : line);
      if (rest.length > longestLine) end();
    },
    end,
  };
}
