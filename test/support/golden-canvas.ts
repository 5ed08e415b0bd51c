/** The canvases of test/golden as our API makes them, and what we send for them: capture name → signature. */
import { chain } from "../../packages/core/src/canvas/chain.ts";
import { chord } from "../../packages/core/src/canvas/chord.ts";
import { group } from "../../packages/core/src/canvas/group.ts";
import type { PlannedSend } from "../../packages/core/src/canvas/plan.ts";
import type { Envelope, Route } from "../../packages/core/src/envelope.ts";
import { encodeMessage } from "../../packages/core/src/message.ts";
import { planOf, taskNamed } from "./canvas.ts";
import { goldenNowMs } from "./golden.ts";

type Numbers = [x: number, y: number];
const add = taskNamed<Numbers, number>("proj.add");
const mul = taskNamed<Numbers, number>("proj.mul");
const xsum = taskNamed<[xs: readonly number[]], number>("proj.xsum");
const echo = taskNamed<[value: unknown, more?: unknown], unknown>("proj.echo");
const ident = taskNamed<[value: number], number>("proj.ident");
const onError = taskNamed<[id: string], void>("proj.on_err_new");

interface GoldenCanvas {
  readonly signature: { toJSON(): object };
  readonly args?: readonly unknown[];
}

const of = (signature: { toJSON(): object }, args: readonly unknown[] = []): GoldenCanvas => ({ signature, args });

export const goldenCanvases: Readonly<Record<string, GoldenCanvas>> = {
  link_group: of(add.s(2, 3).link(group(mul.s(2), mul.s(3)))),
  link_chain: of(add.s(2, 3).link(chain(mul.s(2), mul.s(3)))),
  group: of(group(add.s(1, 1), add.s(2, 2), add.s(3, 3))),
  group_fixed_id: of(group(add.s(1, 1), mul.s(2, 2)).set({ taskId: "99999999-0000-4000-8000-000000000001" })),
  group_skew: of(group(add.s(1, 1).set({ countdown: 1 }), add.s(2, 2).set({ countdown: 3 }))),
  group_of_one: of(group(add.s(1, 1))),
  group_nested: of(group(add.s(1, 1), group(add.s(2, 2), add.s(3, 3)))),
  group_of_chains: of(group(chain(add.s(1, 1), mul.s(2)), chain(add.s(3, 3), mul.s(4), mul.s(5)))),
  chain3: of(chain(add.s(2, 2), mul.s(4), mul.s(10))),
  chain3_fixed_id: of(chain(add.s(2, 2), mul.s(4), mul.s(10)).set({ taskId: "aaaaaaaa-0000-4000-8000-00000000000c" })),
  chain_link_error: of(chain(add.s(2, 2), mul.s(4)).onError(onError.s())),
  chain_link: of(chain(add.s(2, 2), mul.s(4)).link(echo.partial())),
  chain_immutable: of(chain(add.s(2, 2), echo.si("x"), mul.si(3, 3))),
  chain_queue_option: of(chain(add.s(2, 2).set({ queue: "qa" }), mul.s(4).set({ queue: "qb", priority: 5, countdown: 2 }))),
  chain_partial_args: of(chain(add.s(2), mul.s(4)), [5]),
  chain_ends_in_group: of(chain(add.s(2, 2), group(mul.s(2), mul.s(3)))),
  chain_starts_with_group: of(chain(group(add.s(1, 1), add.s(2, 2)), xsum.s())),
  chord: of(chord([add.s(1, 1), add.s(2, 2), add.s(3, 3)], xsum.s())),
  chord_body_error: of(chord([add.s(1, 1), add.s(2, 2)], xsum.s().onError(onError.s()))),
  chord_empty_header: of(chord([], xsum.s())),
  chord_one_header: of(chord([add.s(1, 1)], xsum.s())),
  chord_in_chain: of(chain(add.s(1, 1), group(add.s(2), add.s(3)), xsum.s(), mul.s(10))),
  chord_body_chain: of(chord([add.s(1, 1), add.s(2, 2)], chain(xsum.s(), mul.s(2)))),
  chord_header_chain: of(chord([chain(add.s(1, 1), mul.s(2)), add.s(3, 3)], xsum.s())),
  chord_nested: of(chord([chord([add.s(1, 1), add.s(2, 2)], xsum.s()), add.s(5, 5)], xsum.s())),
  chord_body_group: of(chain(group(add.s(1, 1), add.s(2, 2)), group(echo.partial(1), echo.partial(2)))),
  chunks: of(
    add.chunks(
      [0, 1, 2, 3, 4].map((n): Numbers => [n, n]),
      2,
    ),
  ),
  map: of(ident.map([1, 2, 3])),
  starmap: of(
    add.starmap([
      [1, 2],
      [3, 4],
    ]),
  ),
};

export interface CanvasMessage {
  readonly envelope: Envelope;
  readonly route: Route;
  readonly body: readonly unknown[];
}

/** What is sent for it at once, in order. */
export function ourMessages({ signature, args = [] }: GoldenCanvas): readonly CanvasMessage[] {
  return planOf(signature, { args }).sends.map(({ message, route }: PlannedSend) => {
    const envelope = encodeMessage(message, goldenNowMs, 16_777_216);
    return { envelope, route, body: JSON.parse(new TextDecoder().decode(envelope.body)) };
  });
}
