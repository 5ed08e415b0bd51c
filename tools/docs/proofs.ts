/** Finds promises of a Markdown page whose proof is not there: a link to a test must have words of that test for its text. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

export interface MissingProof {
  /** from `root` */
  readonly path: string;
  /** from 1 */
  readonly line: number;
  readonly test: string;
  readonly words: string;
}

const testLink = /\[([^\]]+)\]\(([^)\s]*\/test\/[^)\s]+\.ts)\)/g;

/** `page` from `root`. Dead links are found elsewhere. */
export function missingProofs(root: string, page: string): readonly MissingProof[] {
  return readFileSync(join(root, page), "utf8")
    .split("\n")
    .flatMap((text, index) =>
      [...text.matchAll(testLink)].flatMap(([, words = "", link = ""]) => {
        const path = join(root, dirname(page), link);
        if (!existsSync(path) || readFileSync(path, "utf8").includes(words)) return [];
        return [{ path: page, line: index + 1, test: relative(root, path), words }];
      }),
    );
}
