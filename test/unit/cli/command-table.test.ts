import { workerOptionTable } from "@celeriac/worker";
import { describe, expect, it } from "vitest";
import { readCommandLine } from "../../../packages/cli/src/command-line.ts";
import { globalOptions, optionsOf } from "../../../packages/cli/src/command-options.ts";
import type { CommandRow } from "../../../packages/cli/src/command-row.ts";
import { type CommandName, commandTable } from "../../../packages/cli/src/command-table.ts";
import { flagOf, wordsOf } from "../../../packages/cli/src/option.ts";

const commands = Object.entries(commandTable) as [CommandName, CommandRow][];

describe("the table of commands", () => {
  it("has a flag for every option of the worker, with the worker's own default", () => {
    const options = commandTable.worker.options as CommandRow["options"];
    for (const [name, setting] of Object.entries(workerOptionTable)) expect(options[name]?.setting.default, name).toEqual(setting.default);
  });

  it.each(commands)("gives no letter twice: %s", (_, row) => {
    const letters = Object.values(optionsOf(row.options)).flatMap(({ alias }) => alias ?? []);
    expect(letters).toEqual([...new Set(letters)]);
  });

  it.each(commands)("says what everything is for, in a sentence: %s", (_, row) => {
    const docs = [row.doc, ...row.notes, ...Object.values(row.exitCodes), ...Object.values(row.positionals).map(({ doc }) => doc)];
    for (const doc of [...docs, ...Object.values(row.options).map(({ setting }) => setting.doc)]) expect(doc).toMatch(/^\S.*[.?]$/s);
  });

  it.each(commands)("has examples that the command line takes, and the codes that every command ends with: %s", (name, row) => {
    expect(row.examples).not.toHaveLength(0);
    for (const [line] of row.examples) {
      const words = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
      expect(words[0]).toBe("celeriac");
      expect(readCommandLine(words.slice(1), {}), line).toMatchObject({ kind: "run", command: name });
    }
    for (const code of [0, 1, 2]) expect(row.exitCodes).toHaveProperty(String(code));
  });

  it("spells every option so that it can be spelt back", () => {
    const words = ["-A", "./t.ts", "-q", "dev", "-c", "3", "-Q", "a,b", "-P", "gevent", "-l", "debug", "--slots", "2", "--grace", "1m"];
    const line = readCommandLine(words, {});
    if (line.kind !== "run" || line.command !== "dev") throw new Error("not dev");
    const again = [
      ...wordsOf(globalOptions, { ...line.args.common }),
      "dev",
      ...wordsOf(commandTable.dev.options, { ...line.args.options }),
    ];
    expect(readCommandLine(again, {})).toEqual(line);
  });

  it("writes flags as a shell's user expects", () => {
    expect(flagOf("resultBackend")).toBe("--result-backend");
  });
});
