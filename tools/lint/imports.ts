/** Which modules a source text names, and how. */

export interface Import {
  readonly specifier: string;
  /** from 1 */
  readonly line: number;
  /** "lazy" is `import("…")` */
  readonly kind: "value" | "type" | "lazy";
}

// On a skeleton, so quotes enclose only spaces and a clause contains no text: no statement end or quote lies between keyword and specifier.
const fromClause = /(?<![\w$.])(import|export)(\s+type(?!\s*(?:,|from\b)))?\s*([\w$\s{},*]*?)\s*(?<![\w$])from\s*(["'])/g;
const bareImport = /(?<![\w$.])import\s*(["'])/g;
const lazyImport = /(?<![\w$.])import\s*\(\s*(["'])/g;

/** `text` is the source, `skeleton` the same text after `skeletonOf`. */
export function importsOf(text: string, skeleton: string): readonly Import[] {
  const found: (Import & { readonly at: number })[] = [];
  const add = (match: RegExpMatchArray, kind: Import["kind"]) => {
    const quoteAt = match.index! + match[0].length - 1;
    const end = skeleton.indexOf(text[quoteAt]!, quoteAt + 1);
    const specifier = text.slice(quoteAt + 1, end);
    found.push({ specifier, kind, line: lineAt(text, quoteAt), at: quoteAt });
  };
  for (const match of skeleton.matchAll(fromClause)) add(match, match[2] !== undefined || isTypeOnly(match[3]!) ? "type" : "value");
  for (const match of skeleton.matchAll(bareImport)) add(match, "value");
  for (const match of skeleton.matchAll(lazyImport)) add(match, "lazy");
  return found.sort((left, right) => left.at - right.at).map(({ specifier, kind, line }) => ({ specifier, kind, line }));
}

/** True for `{ type A, type B }`: nothing of it is there at run time. */
function isTypeOnly(clause: string): boolean {
  const names = /^\{([^}]*)\}$/
    .exec(clause.trim())?.[1]
    ?.split(",")
    .map((name) => name.trim());
  return names?.some(Boolean) === true && names.every((name) => name === "" || name.startsWith("type "));
}

export function lineAt(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}
