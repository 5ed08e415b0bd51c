/** The pairs of a Python dict as its repr shows it: what `kwargs:key=value` looks at. Nothing is evaluated. */

/** key → value as Python's `str` shows it, None as ""; null: the text is no dict, or was cut off. */
export function dictPairs(text: string): ReadonlyMap<string, string> | null {
  const reader = new LiteralReader(text.trim());
  const pairs = reader.dict();
  return reader.failed ? null : pairs;
}

const closers: Readonly<Record<string, string>> = { "{": "}", "[": "]", "(": ")" };
const bare = /-?(?:\d[\w.+-]*|\.\d[\w.+-]*|True|False|None|inf|nan)/y;
const escapes: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", "\\": "\\", "'": "'", '"': '"', "\n": "" };

class LiteralReader {
  readonly #text: string;
  #at = 0;
  failed = false;

  constructor(text: string) {
    this.#text = text;
  }

  dict(): ReadonlyMap<string, string> {
    const pairs = new Map<string, string>();
    if (!this.#skip("{")) return pairs;
    while (!this.failed && !this.#skip("}")) {
      const key = this.#value();
      if (!this.#skip(":")) return pairs;
      pairs.set(key, this.#value());
      if (!this.#is(",") && !this.#is("}")) this.failed = true;
      else if (this.#is(",")) this.#skip(",");
    }
    this.#space();
    if (this.#at < this.#text.length) this.failed = true;
    return pairs;
  }

  /** As `str` shows it. */
  #value(): string {
    this.#space();
    const sign = this.#text[this.#at] ?? "";
    if (sign === "'" || sign === '"') return this.#quoted();
    if (closers[sign] !== undefined) return this.#nested();
    bare.lastIndex = this.#at;
    const found = bare.exec(this.#text)?.[0];
    if (found === undefined) {
      this.failed = true;
      return "";
    }
    this.#at += found.length;
    return found === "None" ? "" : found;
  }

  #quoted(): string {
    const quote = this.#text[this.#at]!;
    let value = "";
    for (let at = this.#at + 1; at < this.#text.length; at += 1) {
      const sign = this.#text[at]!;
      if (sign === quote) {
        this.#at = at + 1;
        return value;
      }
      if (sign !== "\\") value += sign;
      else {
        const [escaped, length] = escapeAt(this.#text, at + 1);
        value += escaped;
        at += length;
      }
    }
    this.failed = true;
    return value;
  }

  /** A list, a tuple, a set or a dict inside: as it is written. */
  #nested(): string {
    const start = this.#at;
    const open: string[] = [];
    do {
      const sign = this.#text[this.#at];
      if (sign === undefined) {
        this.failed = true;
        break;
      }
      if (sign === "'" || sign === '"') this.#quoted();
      else {
        if (closers[sign] !== undefined) open.push(closers[sign]);
        else if (sign === open.at(-1)) open.pop();
        this.#at += 1;
      }
    } while (open.length > 0 && !this.failed);
    return this.#text.slice(start, this.#at);
  }

  #is(sign: string): boolean {
    this.#space();
    return this.#text[this.#at] === sign;
  }

  /** Fails where something else stands, but for a closing brace, which may come later. */
  #skip(sign: string): boolean {
    if (this.#is(sign)) {
      this.#at += 1;
      return true;
    }
    if (sign !== "}") this.failed = true;
    return false;
  }

  #space(): void {
    while (/\s/.test(this.#text[this.#at] ?? "")) this.#at += 1;
  }
}

/** What stands for the escape behind a backslash at `at`, and how many signs it has. */
function escapeAt(text: string, at: number): readonly [string, number] {
  const sign = text[at] ?? "";
  const digits = { x: 2, u: 4, U: 8 }[sign];
  const code = digits === undefined ? Number.NaN : Number.parseInt(text.slice(at + 1, at + 1 + digits), 16);
  if (digits !== undefined && code <= 0x10ffff) return [String.fromCodePoint(code), digits + 1];
  const escaped = escapes[sign];
  return escaped === undefined ? [`\\${sign}`, 1] : [escaped, 1];
}
