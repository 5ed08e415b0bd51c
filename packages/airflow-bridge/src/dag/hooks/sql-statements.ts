/** A text of SQL as single statements, each with its own values: databases prepare one statement at a time. */
import { CeleriacError } from "@celeriac/core/runtime";

export interface SqlStatement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** postgres: `$1`, `$2` … stand for values by their number; sqlite: each `?` stands for the next one. */
export type Placeholders = "postgres" | "sqlite";

/** Comments, texts and names in quotes: nothing in them is a placeholder, or the end of a statement. */
const quoted: Readonly<Record<Placeholders, RegExp>> = {
  postgres:
    /--[^\n]*|\/\*[\s\S]*?\*\/|\b[eE]'(?:[^'\\]|\\[\s\S]|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|(?<![\w$])\$([a-zA-Z_]\w*)?\$[\s\S]*?\$\1\$/y,
  sqlite: /--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]/y,
};
const placeholder: Readonly<Record<Placeholders, RegExp>> = { postgres: /(?<![\w$])\$(\d+)/y, sqlite: /\?/y };
const comment = /--[^\n]*|\/\*[\s\S]*?\*\//g;
/** It has statements in itself, each with its semicolon. */
const trigger = /^\s*create\s+(?:temp(?:orary)?\s+)?trigger\b/i;
const triggerEnd = /;\s*end\s*$/i;

/** Placeholders count over the whole text. Empty statements are left out. Throws DAG_DEFINITION where there are more or less values than places for them. */
export function sqlStatements(sql: string, values: readonly unknown[], dialect: Placeholders): readonly SqlStatement[] {
  const statements: SqlStatement[] = [];
  let text = "";
  let numbers: number[] = [];
  let most = 0;
  const end = () => {
    if (text.replace(comment, "").trim() !== "")
      statements.push({ text: text.trim(), values: numbers.map((number) => values[number - 1]) });
    text = "";
    numbers = [];
  };
  for (const { kind, text: part } of partsOf(sql, dialect)) {
    if (kind === "semicolon" && (!trigger.test(text) || triggerEnd.test(text))) end();
    else if (kind === "placeholder") {
      const number = dialect === "postgres" ? Number(part.slice(1)) : most + 1;
      most = Math.max(most, number);
      if (!numbers.includes(number)) numbers.push(number);
      text += dialect === "postgres" ? `$${numbers.indexOf(number) + 1}` : part;
    } else text += part;
  }
  end();
  if (most === values.length) return statements;
  throw new CeleriacError("DAG_DEFINITION", `SQL with places for ${most} values was given ${values.length}`);
}

interface Part {
  readonly kind: "text" | "placeholder" | "semicolon";
  readonly text: string;
}

function* partsOf(sql: string, dialect: Placeholders): Generator<Part> {
  let at = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(sql)?.[0];
  };
  while (at < sql.length) {
    const skipped = take(quoted[dialect]);
    const hole = skipped === undefined ? take(placeholder[dialect]) : undefined;
    const text = skipped ?? hole ?? sql[at]!;
    const isEnd = skipped === undefined && text === ";";
    yield { kind: hole !== undefined ? "placeholder" : isEnd ? "semicolon" : "text", text };
    at += text.length;
  }
}
