/** Packages lean one way, cli → worker, beat, flower, airflow-bridge → core, and enter each other by their doors. */
import type { SourceFile, SourceImport } from "../project.ts";
import { type Finding, packageSources, type Rule } from "../rule.ts";

const siblings = ["worker", "beat", "flower", "airflow-bridge"];
const mayImport: Readonly<Record<string, readonly string[]>> = {
  core: [],
  ...Object.fromEntries(siblings.map((sibling) => [sibling, ["core"]])),
  cli: [...siblings, "core"],
};

export const packageArrows: Rule = {
  name: "package-arrows",
  *check(project) {
    for (const file of packageSources(project))
      for (const found of file.imports) {
        const message = problemOf(file, found, project.packages);
        if (message !== null) yield { path: file.path, line: found.line, message } satisfies Finding;
      }
  },
};

function problemOf(file: SourceFile, found: SourceImport, packages: ReadonlyMap<string, string>): string | null {
  const { specifier, target } = found;
  if (specifier.startsWith(".")) {
    const isInside = target?.startsWith(`packages/${file.pkg}/`);
    return isInside ? null : `${specifier} leaves the package: import another package by its name`;
  }
  const name = packageName(specifier);
  const other = packages.get(name);
  if (other === undefined || other === file.pkg) return null;
  if (!mayImport[file.pkg ?? ""]?.includes(other)) return `${file.pkg} must not import ${other}: only cli → ${siblings.join(", ")} → core`;
  return target === null ? `${specifier} is not a door of ${name}` : null;
}

export function packageName(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}
