/** A producer that has nothing more to do does not keep its process alive, though it closes nothing. */
import { describe, expect, it, onTestFinished } from "vitest";
import { programPath } from "../support/built.ts";
import { places } from "../support/fault/places.ts";
import { startPrivateProcess, temporaryDirectory } from "../support/private-process.ts";

function startProducer(url: string, last: string) {
  const args = [programPath("producer"), url, last];
  const producer = startPrivateProcess({ command: process.execPath, args, cwd: process.cwd() });
  onTestFinished(() => producer.stop({ signal: "SIGKILL" }));
  return producer;
}

for (const [broker, place] of Object.entries(places)) {
  describe(`a producer on ${broker}`, () => {
    it.each(["send", "look", "wait", "watch", "ask", "refuse"])("ends by itself after it could %s", async (last) => {
      const folder = temporaryDirectory("producer");
      onTestFinished(() => folder.remove());
      const producer = startProducer((await place())(folder.path), last);
      await producer.wrote(/done/, 30_000);
      expect(await producer.ended).toBe(0);
    });
  });
}
