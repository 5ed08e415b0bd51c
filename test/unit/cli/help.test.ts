import picocolors from "picocolors";
import { describe, expect, it } from "vitest";
import { type CommandName, commandTable } from "../../../packages/cli/src/command-table.ts";
import { helpText } from "../../../packages/cli/src/help.ts";

const colors = picocolors.createColors(false);
const topics = [["all commands", null], ...Object.keys(commandTable).map((name) => [name, name] as const)] as [
  string,
  CommandName | null,
][];

describe("help", () => {
  it.each(topics)("of %s reads as it did", async (_, name) => {
    await expect(helpText(name, { colors, columns: 80 })).toMatchFileSnapshot(`help/${name ?? "celeriac"}.txt`);
  });

  it.each(topics)("of %s fits a terminal of 80 columns", (_, name) => {
    for (const line of helpText(name, { colors, columns: 80 }).split("\n")) expect(line.length, line).toBeLessThanOrEqual(80);
  });

  it("shows each option and exit code of a command", () => {
    const text = helpText("call", { colors, columns: 80 });
    for (const shown of ["-k, --kwargs JSON", "--countdown DURATION", "-A, --app", "-w, --wait", "\n  4  ", "ARGS …"])
      expect(text).toContain(shown);
  });
});
