/** Whom the custom headers of a call reach. */
import { expect, it } from "vitest";
import { chain } from "../../../../packages/core/src/canvas/chain.ts";
import { chord } from "../../../../packages/core/src/canvas/chord.ts";
import { group } from "../../../../packages/core/src/canvas/group.ts";
import { plan } from "../../../../packages/core/src/canvas/plan.ts";
import type { Signature } from "../../../../packages/core/src/canvas/signature.ts";
import { countingContext, planOf, taskNamed } from "../../../support/canvas.ts";
import { goldenCase } from "../../../support/golden.ts";

const add = taskNamed<[x: number, y: number], number>("add");
const sum = taskNamed<[xs: readonly number[]], number>("sum");

/** Whether each message bears them, in the order in which they are sent: as if every task gave 1, and what waits were sent when all have ended. */
function headed(signature: Pick<Signature<[], unknown>, "set" | "toJSON">): readonly boolean[] {
  const found: boolean[] = [];
  const follow = ({ sends, opens }: ReturnType<typeof plan>) => {
    for (const { message } of sends) {
      found.push(message.headers["x-c"] === 1);
      const [next, ...rest] = message.embed.chain?.toReversed() ?? [];
      if (next !== undefined) follow(plan(countingContext(), next, { args: [1], chain: rest.toReversed() }));
    }
    for (const { body } of opens) follow(plan(countingContext(), JSON.parse(body), { args: [[1]] }));
  };
  follow(planOf(signature.set({ headers: { "x-c": 1 } })));
  return found;
}

// Captured of Celery 5.2, tried with 5.3, and what `canvas.py` says up to 5.6.
it("headers of a call reach the tasks that Celery's reach: of a chain the first, of a group and a header the first of each member, of a body the first", () => {
  const captured = goldenCase("worker-publishes-redis", "chain_steps").messages.map(({ raw }) => JSON.parse(raw).headers["x-c"] === 1);
  expect(headed(chain(add.s(1, 1), add.s(2), add.s(3)))).toEqual(captured);
  const members = [add.s(1, 1), chain(add.s(2, 2), add.s(3))] as const;
  expect(headed(group(...members))).toEqual([true, true, false]);
  expect(headed(chord(members, chain(sum.s(), add.s(1))))).toEqual([true, true, false, true, false]);
  expect(headed(chain(group(add.s(1, 1), add.s(2, 2)), sum.s(), add.s(3)))).toEqual([true, true, true, false]);
  expect(headed(chain(add.s(1, 1), group(add.s(1), add.s(2)), sum.s()))).toEqual([true, false, false, false]);
});
