/** The titles of a test file, as they are written: of `it`, `test` and `describe`, also with `.each(…)`. */

const titled = /(?:\b(?:it|test|describe)(?:\.\w+)*|\))\(\s*(["`'])((?:\\.|(?!\1)[^\\])*)\1\s*,/g;

export function testTitles(source: string): readonly string[] {
  return [...source.matchAll(titled)].map(([, , title = ""]) => title.replace(/\\(["'`])/g, "$1"));
}
