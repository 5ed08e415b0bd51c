/** A command as a text, cut into its words as a POSIX shell cuts it, and nothing else done to it: for config.ts. */

const part = /\s*(?:'([^']*)'|"((?:[^"\\]|\\[\s\S])*)"|\\([\s\S])|([^\s'"\\]+))/y;

export function commandWords(command: string): readonly string[] {
  const words: string[] = [];
  part.lastIndex = 0;
  for (let at = 0, found = part.exec(command); found !== null; at = part.lastIndex, found = part.exec(command)) {
    const [whole, single, double, escaped, bare] = found;
    const text = single ?? double?.replace(/\\(["\\$`])/g, "$1") ?? escaped ?? bare ?? "";
    if (at === 0 || /^\s/.test(whole)) words.push(text);
    else words[words.length - 1] += text;
  }
  return words;
}
