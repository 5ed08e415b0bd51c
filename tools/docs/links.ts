/** Finds relative links in Markdown that lead nowhere: to a file that is not there, or a heading that the file does not have. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";

export interface DeadLink {
  /** from `root` */
  readonly path: string;
  /** from 1 */
  readonly line: number;
  readonly link: string;
}

const skipped = new Set(["node_modules", "dist", ".git", "coverage"]);
const inlineLink = /\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g;
const definedLink = /^\s*\[[^\]]+\]:\s*<?(\S+?)>?\s*$/g;

export function deadLinks(root: string): readonly DeadLink[] {
  return markdownFiles(root).flatMap((path) =>
    prose(readFileSync(path, "utf8")).flatMap((text, index) =>
      linksIn(text)
        .filter((link) => !leadsSomewhere(root, path, link))
        .map((link) => ({ path: relative(root, path), line: index + 1, link })),
    ),
  );
}

function markdownFiles(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return skipped.has(entry.name) ? [] : markdownFiles(path);
    return entry.name.endsWith(".md") ? [path] : [];
  });
}

/** The lines, those of code blocks emptied and code spans blanked out. */
function prose(text: string): readonly string[] {
  let fence: string | null = null;
  return text.split("\n").map((line) => {
    const mark = /^\s*(```+|~~~+)/.exec(line)?.[1] ?? null;
    if (fence !== null) {
      if (mark?.startsWith(fence)) fence = null;
      return "";
    }
    fence = mark;
    return mark === null ? line.replace(/`[^`]*`/g, "") : "";
  });
}

function linksIn(line: string): readonly string[] {
  const found = [...line.matchAll(inlineLink), ...line.matchAll(definedLink)].map((match) => match[1]!);
  return found.filter((link) => !/^[a-z][a-z0-9+.-]*:/i.test(link) && !link.startsWith("//"));
}

function leadsSomewhere(root: string, from: string, link: string): boolean {
  const [file = "", heading] = decodeURI(link).split("#", 2);
  const target = file === "" ? from : file.startsWith("/") ? join(root, file) : join(dirname(from), file);
  if (!existsSync(target)) return false;
  if (heading === undefined || heading === "" || statSync(target).isDirectory() || !target.endsWith(".md")) return true;
  return headings(readFileSync(target, "utf8")).has(heading.toLowerCase());
}

/** Names of a file's headings in links, as GitHub makes them. */
function headings(text: string): ReadonlySet<string> {
  const names = new Map<string, number>();
  const all = new Set<string>();
  let isCode = false;
  for (const line of text.split("\n")) {
    if (/^\s*(```|~~~)/.test(line)) isCode = !isCode;
    const title = isCode ? undefined : /^#{1,6}\s+(.*?)\s*#*$/.exec(line)?.[1];
    if (title === undefined) continue;
    const name = title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(/\s/g, "-");
    const count = names.get(name) ?? 0;
    names.set(name, count + 1);
    all.add(count === 0 ? name : `${name}-${count}`);
  }
  return all;
}
