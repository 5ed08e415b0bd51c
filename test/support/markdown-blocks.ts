/** The code blocks of a Markdown page. */
import { readFileSync } from "node:fs";

export interface CodeBlock {
  /** as the fence says: "ts", "python", "sh"; "" where it says nothing */
  readonly language: string;
  readonly text: string;
  /** the file it names in its first line, as in `// tasks.ts` or `# ml.py` */
  readonly file: string | null;
}

export function codeBlocks(path: string): readonly CodeBlock[] {
  const page = readFileSync(path, "utf8");
  return [...page.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language = "", text = ""]) => ({
    language,
    text,
    file: /^(?:\/\/|#) (\S+\.\w+)\n/.exec(text)?.[1] ?? null,
  }));
}

/** Those that name a file, by its name. */
export function namedBlocks(path: string): Readonly<Record<string, string>> {
  return Object.fromEntries(codeBlocks(path).flatMap(({ file, text }) => (file === null ? [] : [[file, text]])));
}
