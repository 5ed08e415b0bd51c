/** Files are short and named after their concept. */
import { basename } from "node:path";
import type { Rule } from "../rule.ts";

const warnAbove = 300;
const failAbove = 400;

export const fileLength: Rule = {
  name: "file-length",
  *check(project) {
    for (const { path, text } of project.files) {
      const lines = text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
      if (lines <= warnAbove) continue;
      const isWarning = lines <= failAbove;
      yield {
        path,
        line: lines,
        isWarning,
        message: `${lines} lines: split by concept (a thought at ${warnAbove}, an error above ${failAbove})`,
      };
    }
  },
};

const forbiddenWords = /^(?:utils?|helpers?|managers?|common|misc|jobs?|items?|data|infos?|processors?|handlers?)$/;

export const fileName: Rule = {
  name: "file-name",
  *check(project) {
    for (const { path } of project.files) {
      const name = basename(path).replace(/(?:\.(?:test|d|config))?\.[a-z]+$/, "");
      if (!/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(name)) yield { path, line: 1, message: `${basename(path)} is not in kebab-case` };
      const word = name.split("-").find((part) => forbiddenWords.test(part));
      if (word !== undefined) yield { path, line: 1, message: `"${word}" says nothing: name the file after what it is for` };
    }
  },
};
