import { hideSecret, systemClock } from "@celeriac/core/runtime";
import { describe, expect, it } from "vitest";
import { ExecutorHost } from "../../../../packages/worker/src/pools/executor-host.ts";

describe("what user code prints", () => {
  it("shows no secret that was read in its process", () => {
    const sent: string[] = [];
    const host = new ExecutorHost({
      clock: systemClock,
      open: () => new Promise(() => {}),
      send: (frames) => void sent.push(Buffer.from(frames.take()).toString("utf8")),
      end: () => {},
    });
    hideSecret("a word for one worker only");
    host.output("stdout", "it is a word for one worker only");
    expect(sent.join("")).toContain('["info","it is ********",{"stream":"stdout"}]');
  });
});
