/** What is left of a source text when comments, texts and regular expressions are blanked out: same length, same lines, only code. */

const wordsBeforeRegex = /(?:^|[^\w$.])(?:return|typeof|case|in|of|delete|void|throw|new|do|else|await|yield|instanceof)$/;

/** Keeps quotes, backticks, `${` and `}`; everything inside quotes, comments and regular expressions becomes spaces. */
export function skeletonOf(text: string): string {
  const out = [...text.replace(/[^\n]/g, " ")];
  // Open template literals: for each, how many braces of its `${…}` are open.
  const templates: number[] = [];
  let at = 0;

  const keep = (count = 1) => {
    for (const end = at + count; at < end; at++) out[at] = text[at]!;
  };
  const skipTo = (end: number) => {
    at = end < 0 ? text.length : end;
  };

  while (at < text.length) {
    const char = text[at]!;
    if (text.startsWith("//", at)) skipTo(indexOr(text, "\n", at));
    else if (text.startsWith("/*", at)) skipTo(indexOr(text, "*/", at) + 2);
    else if (char === "'" || char === '"') quoted(char);
    else if (char === "`") template();
    else if (char === "}" && templates.at(-1) === 0) template();
    else if (char === "/" && regexCanStart(out, at)) regex();
    else {
      if (templates.length > 0) templates[templates.length - 1]! += char === "{" ? 1 : char === "}" ? -1 : 0;
      keep();
    }
  }
  return out.join("");

  function quoted(quote: string): void {
    keep();
    while (at < text.length && text[at] !== quote && text[at] !== "\n") at += text[at] === "\\" ? 2 : 1;
    if (text[at] === quote) keep();
  }

  /** From an opening backtick, or from the brace that ends a `${…}`, to the next `${` or the closing backtick. */
  function template(): void {
    if (text[at] === "}") templates.pop();
    keep();
    while (at < text.length && text[at] !== "`" && !text.startsWith("${", at)) at += text[at] === "\\" ? 2 : 1;
    const isClosed = text[at] === "`";
    keep(isClosed ? 1 : 2);
    if (!isClosed) templates.push(0);
  }

  function regex(): void {
    keep();
    for (let inClass = false; at < text.length && text[at] !== "\n"; at++) {
      if (text[at] === "\\") at++;
      else if (text[at] === "[") inClass = true;
      else if (text[at] === "]") inClass = false;
      else if (text[at] === "/" && !inClass) break;
    }
    keep();
  }
}

function indexOr(text: string, part: string, from: number): number {
  const index = text.indexOf(part, from);
  return index < 0 ? text.length : index;
}

/** A slash divides after a value, else it begins a regular expression. */
function regexCanStart(out: readonly string[], at: number): boolean {
  const before = out
    .slice(Math.max(0, at - 80), at)
    .join("")
    .trimEnd();
  return before === "" || /[^\w$)\]}"'`]$/.test(before) || wordsBeforeRegex.test(before);
}
