/** The file of a log: appended to, and renamed when it has grown. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { openLogFile } from "../../../packages/cli/src/log-file.ts";
import { openLog } from "../../../packages/cli/src/open-log.ts";
import { createOutput } from "../../../packages/cli/src/output.ts";

function folder() {
  const path = mkdtempSync(join(tmpdir(), "celeriac-log-file-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return { path: join(path, "log"), names: () => readdirSync(path).sort(), text: (name: string) => readFileSync(join(path, name), "utf8") };
}

it("is appended to, over any number of starts", () => {
  const { path, names, text } = folder();
  openLogFile(path)("one");
  openLogFile(path)("two\n");
  expect([names(), text("log")]).toEqual([["log"], "one\ntwo\n"]);
});

it("is renamed when the next line would not fit, and so are the older ones, up to the last", () => {
  const { path, names, text } = folder();
  const rotation = { maxBytes: 10, backups: 2 };
  const write = openLogFile(path, rotation);
  for (const line of ["one", "two", "three", "four", "five", "a line that is longer"]) write(line);
  expect(names()).toEqual(["log", "log.1", "log.2"]);
  expect([text("log"), text("log.1"), text("log.2")]).toEqual(["a line that is longer\n", "four\nfive\n", "three\n"]);
  openLogFile(path, rotation)("six");
  expect([text("log"), text("log.1")]).toEqual(["six\n", "a line that is longer\n"]);
});

it.each([
  { maxBytes: 0, backups: 2 },
  { maxBytes: 10, backups: 0 },
])("grows for ever with %o", (rotation) => {
  const { path, names } = folder();
  const write = openLogFile(path, rotation);
  for (let n = 0; n < 10; n++) write("line");
  expect(names()).toEqual(["log"]);
});

it("is written beside stderr, or alone, as its place says", async () => {
  const { path, text } = folder();
  const written = { out: "", error: "" };
  const stream = (to: "out" | "error") => ({
    write(line: string) {
      written[to] += line;
      return true;
    },
  });
  const options = { json: false, text: false, quiet: false, noColor: true, debug: false };
  const output = createOutput(stream("out"), stream("error"), options, {});
  (await openLog(output, { level: "info", file: path, prints: "error" })).info("both");
  (await openLog(output, { level: "info", file: path })).info("alone");
  (await openLog(output, { level: "info", file: null })).info("out");
  (await openLog(output, { level: "info", file: null, prints: "nothing" })).info("nowhere");
  const said = (lines: string) =>
    lines
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).msg);
  expect([said(text("log")), said(written.error), said(written.out)]).toEqual([["both", "alone"], ["both"], ["out"]]);
});
