/** Every pair of a broker and a result backend, under the rights that docs/security.md gives each side; those that are left out with the reason. */
import { readFileSync } from "node:fs";
import { createApp } from "@celeriac/core";
import { resultUrlOf } from "@celeriac/core/runtime";
import { describe, expect, it, type TestContext } from "vitest";
import { openBackendPlace, openBrokerPlace } from "./pair/places.ts";
import { backendNames, brokerKinds, type Pair, pairings, pairs } from "./pair/table.ts";
import { describePair } from "./pair-suite.ts";

async function openApp({ broker, backend }: Pair, { onTestFinished }: TestContext) {
  const [tasks, results] = await Promise.all([openBrokerPlace(broker), openBackendPlace(backend)]);
  const app = createApp("pair", { broker: tasks.urls.producer, backend: results.urls?.producer });
  onTestFinished(async () => {
    await app.close();
    await Promise.all([tasks.close(), results.close()]);
  });
  return app;
}

for (const pair of pairs) {
  const { broker, backend, pairing } = pair;
  switch (pairing.words) {
    case "refused":
      it(`${broker} with results in ${backend} is refused`, async (context) => {
        const app = await openApp(pair, context);
        await expect(app.connect()).rejects.toMatchObject({ code: pairing.code, message: expect.stringContaining(pairing.says) });
      });
      break;
    case "–":
      it(`${broker} with results in ${backend} is the pair of ${pairing.is}`, async (context) => {
        const { words } = pairings[pairing.is][broker];
        expect(words).not.toBe("–");
        if (backend === "unset") expect(resultUrlOf((await openApp(pair, context)).config)).toBe(`${pairing.is}://`);
      });
      break;
    default:
      describePair(pair);
  }
}

describe("docs/guarantees.md", () => {
  it("says of each pair what is shown here", () => {
    const page = readFileSync(new URL("../../docs/guarantees.md", import.meta.url), "utf8");
    const rows = page.split("\n").map((line) => line.split("|").map((cell) => cell.trim()));
    const head = ["results in", ...brokerKinds.map((kind) => `\`${kind}://\``)];
    expect(rows).toContainEqual(["", ...head, ""]);
    for (const [backend, name] of Object.entries(backendNames)) {
      const cells = brokerKinds.map((kind) => pairings[backend as Pair["backend"]][kind].words);
      expect(rows).toContainEqual(["", name, ...cells, ""]);
    }
  });
});
