import { describe, expect, it } from "vitest";
import { chain } from "../../../../packages/core/src/canvas/chain.ts";
import { chord } from "../../../../packages/core/src/canvas/chord.ts";
import { signatureGraph } from "../../../../packages/core/src/canvas/graph.ts";
import { group, groupOf } from "../../../../packages/core/src/canvas/group.ts";
import type { SignatureJson } from "../../../../packages/core/src/step.ts";
import { taskNamed } from "../../../support/canvas.ts";

const add = taskNamed<[x: number, y: number], number>("add");
const sum = taskNamed<[xs: readonly number[]], number>("sum");
const oops = taskNamed<[id: string], void>("oops");

/** "add→sum" for an arrow, "add⇢oops" for one that leads to an error callback. */
function drawn(signature: { toJSON(): object }): { readonly nodes: readonly string[]; readonly edges: readonly string[] } {
  const { nodes, edges } = signatureGraph(signature.toJSON() as SignatureJson);
  const name = (id: string) => {
    const node = nodes.find((each) => each.id === id)!;
    return `${node.label}${node.count > 1 ? node.count : ""}`;
  };
  return {
    nodes: nodes.map(({ id }) => name(id)),
    edges: edges.map(({ from, to, kind }) => `${name(from)}${kind === "error" ? "⇢" : "→"}${name(to)}`),
  };
}

describe("the graph of a signature", () => {
  it("follows chains, and leads to callbacks and error callbacks", () => {
    expect(
      drawn(
        chain(add.s(1, 2), add.s(3))
          .link(sum.s() as never)
          .onError(oops.s()),
      ),
    ).toEqual({
      nodes: ["add", "oops", "add", "sum", "oops"],
      edges: ["add⇢oops", "add→sum", "add⇢oops", "add→add"],
    });
  });

  it("has a point that waits for all, wherever a chord is", () => {
    expect(drawn(chain(add.s(1, 2), group(add.s(3), add.s(4)), sum.s()))).toEqual({
      nodes: ["add", "add", "add", "all", "sum"],
      edges: ["add→all", "add→all", "all→sum", "add→add", "add→add"],
    });
    expect(drawn(chord([], sum.s())).edges).toEqual(["all→sum"]);
  });

  it("draws many alike as one", () => {
    const many = Array.from({ length: 9 }, (_, n) => add.s(n, n));
    expect(drawn(groupOf(many)).nodes).toEqual(["add9"]);
    expect(drawn(groupOf(many.slice(1))).nodes).toHaveLength(8);
    expect(drawn(group(...many.slice(1), add.s(1, 1).onError(oops.s()))).nodes).toHaveLength(10);
    expect(drawn(add.chunks([[1, 2]], 2)).nodes).toEqual(["celery.starmap add"]);
  });
});
