/** Nothing waits while it is imported: a door with a top-level await cannot be required, and starts work nobody asked for. */
import { packageSources, type Rule } from "../rule.ts";

/** What is run, not imported. */
const programs = /^packages\/cli\/|-entry\.ts$|-thread\.ts$/;

export const topLevelAwait: Rule = {
  name: "top-level-await",
  *check(project) {
    for (const { path, code } of packageSources(project)) {
      if (programs.test(path)) continue;
      for (const index of topLevelAwaits(code))
        yield { path, line: code.slice(0, index).split("\n").length, message: "top-level await in a file that others import" };
    }
  },
};

function topLevelAwaits(code: string): readonly number[] {
  const found: number[] = [];
  let depth = 0;
  for (const token of code.matchAll(/[{}()[\]]|(?<![\w$.])await(?![\w$])/g)) {
    if ("{([".includes(token[0])) depth++;
    else if ("})]".includes(token[0])) depth--;
    else if (depth === 0 && !isInArrow(code.slice(0, token.index))) found.push(token.index);
  }
  return found;
}

/** `const f = async () => await g();` waits when it is called. */
function isInArrow(before: string): boolean {
  return /=>[^;]*$/.test(before.slice(before.lastIndexOf(";") + 1));
}
