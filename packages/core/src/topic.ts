/** The patterns of topic exchanges, as AMQP has them: words are joined by dots, `*` stands for one word, `#` for none or more. */

/** Compiled once: a few patterns meet many keys. */
const compiled = new Map<string, RegExp>();
const mostCompiled = 1_000;

export function matchesTopic(pattern: string, routingKey: string): boolean {
  let expression = compiled.get(pattern);
  if (expression === undefined) {
    if (compiled.size >= mostCompiled) compiled.clear();
    expression = compile(pattern);
    compiled.set(pattern, expression);
  }
  return expression.test(dotted(routingKey));
}

/** Every word with a dot in front, so that `#` may stand for nothing at all. */
function dotted(words: string): string {
  return words === "" ? "" : `.${words}`;
}

function compile(pattern: string): RegExp {
  const source = dotted(pattern)
    .split(".")
    .slice(1)
    .map((word) => {
      if (word === "#") return "(?:\\.[^.]*)*";
      return `\\.${word === "*" ? "[^.]*" : word.replace(/[\\^$*+?()[\]{}|]/g, "\\$&")}`;
    });
  return new RegExp(`^${source.join("")}$`);
}
