/** The files a lint run looks at, read once, with their imports resolved to paths of this repository. */
import { readdirSync, readFileSync } from "node:fs";
import { join, posix, relative } from "node:path";
import { type Import, importsOf } from "./imports.ts";
import { skeletonOf } from "./skeleton.ts";

export interface SourceImport extends Import {
  /** Path of the file in this repository, or null: a package of others, or of Node. */
  readonly target: string | null;
}

export interface SourceFile {
  /** from the repository's root, with forward slashes */
  readonly path: string;
  readonly text: string;
  /** `skeletonOf(text)`; "" for what is not TypeScript */
  readonly code: string;
  readonly imports: readonly SourceImport[];
  /** The folder under packages/, or null outside. */
  readonly pkg: string | null;
}

export interface Project {
  readonly files: readonly SourceFile[];
  /** npm name → folder under packages/ */
  readonly packages: ReadonlyMap<string, string>;
  /** Paths of the files that a package offers to others, over all packages. */
  readonly doors: ReadonlySet<string>;
}

const sourceRoots = ["packages", "test", "tools", "bench", "examples"];
const skipped = new Set(["node_modules", "dist", "golden", "results", "data"]);

/** Reads the sources under `root`. */
export function readProject(root: string): Project {
  const texts = new Map<string, string>();
  for (const folder of sourceRoots)
    collect(join(root, folder), (path) => texts.set(relative(root, path).replaceAll("\\", "/"), readFileSync(path, "utf8")));
  return projectOf(texts);
}

/** A project from path → text: the sources, and each packages/<folder>/package.json. */
export function projectOf(texts: ReadonlyMap<string, string>): Project {
  const packages = new Map<string, string>();
  const exported = new Map<string, string>();
  for (const [path, text] of texts) {
    const folder = /^packages\/([^/]+)\/package\.json$/.exec(path)?.[1];
    if (folder === undefined) continue;
    const manifest = JSON.parse(text) as { name: string; exports?: Record<string, { "celeriac-source"?: string }> };
    packages.set(manifest.name, folder);
    for (const [door, { "celeriac-source": source }] of Object.entries(manifest.exports ?? {}))
      if (source !== undefined) exported.set(posix.join(manifest.name, door), posix.join("packages", folder, source));
  }
  const files = [...texts].filter(([path]) => /\.(tsx?|lua|css)$/.test(path)).map(([path, text]) => sourceFile(path, text, exported));
  return { files: files.sort((left, right) => (left.path < right.path ? -1 : 1)), packages, doors: new Set(exported.values()) };
}

function sourceFile(path: string, text: string, exported: ReadonlyMap<string, string>): SourceFile {
  const isTypeScript = /\.tsx?$/.test(path);
  const code = isTypeScript ? skeletonOf(text) : "";
  const imports = importsOf(text, code).map((found) => ({ ...found, target: targetOf(path, found.specifier, exported) }));
  return { path, text, code, imports, pkg: /^packages\/([^/]+)\//.exec(path)?.[1] ?? null };
}

function targetOf(from: string, specifier: string, exported: ReadonlyMap<string, string>): string | null {
  if (specifier.startsWith(".")) return posix.join(posix.dirname(from), specifier);
  return exported.get(specifier) ?? null;
}

function collect(folder: string, visit: (path: string) => void): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!skipped.has(entry.name)) collect(path, visit);
    } else if (/\.(tsx?|lua|css)$/.test(entry.name) || entry.name === "package.json") visit(path);
  }
}
