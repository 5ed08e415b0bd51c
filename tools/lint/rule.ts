/** What a rule of the lint is. */
import type { Project, SourceFile } from "./project.ts";

export interface Finding {
  readonly path: string;
  /** from 1 */
  readonly line: number;
  readonly message: string;
  /** true: told, but the run does not fail. */
  readonly isWarning?: boolean;
}

export interface Rule {
  readonly name: string;
  check(project: Project): Iterable<Finding>;
}

/** Files below packages/<folder>/src. */
export function packageSources(project: Project): readonly SourceFile[] {
  return project.files.filter((file) => file.pkg !== null && file.path.startsWith(`packages/${file.pkg}/src/`));
}

/** A rule that finds `pattern` in the code (no comments, no texts) of the packages' files that `allows` does not name. */
export function forbiddenCode(name: string, pattern: RegExp, allows: (path: string) => boolean, why: string): Rule {
  return {
    name,
    *check(project) {
      for (const { path, code } of packageSources(project)) {
        if (allows(path)) continue;
        for (const match of code.matchAll(pattern))
          yield { path, line: code.slice(0, match.index).split("\n").length, message: `${match[0].trim()}: ${why}` };
      }
    },
  };
}
