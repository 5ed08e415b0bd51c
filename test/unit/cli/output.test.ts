import { CeleriacError } from "@celeriac/core/runtime";
import { describe, expect, it } from "vitest";
import { createOutput, type OutputOptions } from "../../../packages/cli/src/output.ts";

const plain: OutputOptions = { json: false, text: false, quiet: false, noColor: false, debug: false };

function open(options: Partial<OutputOptions> = {}, isTTY = false, environment: NodeJS.ProcessEnv = {}) {
  const written = { out: "", error: "" };
  const stream = (name: keyof typeof written) => ({
    isTTY,
    columns: 80,
    write(text: string) {
      written[name] += text;
      return true;
    },
  });
  const streams = [stream("out"), stream("error")] as unknown as Parameters<typeof createOutput> extends [infer A, infer B, ...unknown[]]
    ? [A, B]
    : never;
  return { output: createOutput(...streams, { ...plain, ...options }, environment), written };
}

const lost = new CeleriacError("BROKER_UNREACHABLE", "no answer from redis://me:secret@host", { cause: new Error("refused") });

describe("output", () => {
  it("writes an error as one line with its code, and what to do below", () => {
    const { output, written } = open();
    output.error(lost);
    expect(written.error).toBe(
      "error BROKER_UNREACHABLE: no answer from redis://me:********@host\n  Check host, port and whether it runs.\n",
    );
    expect(written.out).toBe("");
  });

  it("says what to do about the cause of a refused publish", () => {
    const { output, written } = open();
    const cause = new CeleriacError("BROKER_AUTH", "no");
    output.error(new CeleriacError("PUBLISH_REJECTED", "The broker does not have the task: no", { cause }));
    expect(written.error).toMatch(/\n {2}Check the URL's credentials\.\n$/);
  });

  it("takes another remedy, or none", () => {
    const { output, written } = open();
    output.error(lost, "Wait.");
    output.error(lost, null);
    expect(written.error.split("\n").slice(1)).toEqual(["  Wait.", expect.stringMatching(/^error BROKER_UNREACHABLE/), ""]);
  });

  it("shows the stack, and those of its causes, only when asked to", () => {
    const { output, written } = open({ debug: true });
    output.error(lost);
    expect(written.error).toMatch(/at .*output\.test\.ts[\s\S]*Caused by Error: refused/);
    expect(written.error).not.toContain("secret");
  });

  it("writes foreign errors without a code", () => {
    const { output, written } = open();
    output.error(new TypeError("x is not a function"));
    output.error("thrown text");
    expect(written.error).toBe("error: x is not a function\nerror: thrown text\n");
  });

  it("writes JSON for programs: results, errors, and no remarks", () => {
    const { output, written } = open({ json: true });
    output.result("3", { result: 3 });
    output.remark("Sent");
    output.error(lost);
    expect(written.out).toBe('{"result":3}\n');
    expect(JSON.parse(written.error)).toEqual({
      error: {
        code: "BROKER_UNREACHABLE",
        message: "no answer from redis://me:********@host",
        remedy: "Check host, port and whether it runs.",
      },
    });
  });

  it("writes remarks beside the results, unless it is to be quiet", () => {
    const loud = open();
    loud.output.result("3", 3);
    loud.output.remark("Sent");
    expect(loud.written).toEqual({ out: "3\n", error: "Sent\n" });
    const quiet = open({ quiet: true });
    quiet.output.remark("Sent");
    expect(quiet.written.error).toBe("");
  });

  it("uses colours on a terminal only, and never where they are not wanted", () => {
    const colorful = (...given: Parameters<typeof open>) => open(...given).output.colors.isColorSupported;
    expect(colorful({}, true)).toBe(true);
    expect(colorful({}, false)).toBe(false);
    expect(colorful({}, false, { FORCE_COLOR: "1" })).toBe(true);
    expect(colorful({}, true, { NO_COLOR: "1" })).toBe(false);
    expect(colorful({}, true, { TERM: "dumb" })).toBe(false);
    expect(colorful({ noColor: true }, true)).toBe(false);
    expect(colorful({ json: true }, true)).toBe(false);
  });

  it("takes a terminal, or --text, for a reader", () => {
    expect(open({}, true).output.isReadable).toBe(true);
    expect(open({}, false).output.isReadable).toBe(false);
    expect(open({ text: true }, false).output.isReadable).toBe(true);
    expect(open({ json: true }, true).output.isReadable).toBe(false);
  });
});
