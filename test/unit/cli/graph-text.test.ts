import type { Graph } from "@celeriac/core/runtime";
import { expect, it } from "vitest";
import { graphFormats } from "../../../packages/cli/src/graph-text.ts";

const graph: Graph = {
  nodes: [
    { id: "n0", kind: "task", label: 'say "hi" <b>\n', count: 1, state: "SUCCESS" },
    { id: "n1", kind: "task", label: "shop.add", count: 12, state: null },
    { id: "n2", kind: "all", label: "all", count: 1, state: null },
    { id: "n3", kind: "task", label: "back\\slash", count: 1, state: "BUSY" },
  ],
  edges: [
    { from: "n1", to: "n2", kind: "next" },
    { from: "n1", to: "n3", kind: "error" },
  ],
};

it("Mermaid gets no sign that it would obey", () => {
  expect(graphFormats.mermaid(graph).split("\n")).toEqual([
    "flowchart LR",
    '  n0["say #34;hi#34; #60;b#62;#10;: SUCCESS"]',
    '  n1["shop.add × 12"]',
    '  n2(("all"))',
    '  n3["back#92;slash: BUSY"]',
    "  n1 --> n2",
    "  n1 -. error .-> n3",
    "  classDef SUCCESS fill:#c8e6c9,color:#000",
    "  class n0 SUCCESS",
  ]);
});

it("DOT neither", () => {
  expect(graphFormats.dot(graph).split("\n")).toEqual([
    "digraph {",
    "  rankdir=LR",
    '  node [shape=box, style="rounded,filled", fillcolor=white]',
    '  n0 [label="say \\"hi\\" <b> : SUCCESS", fillcolor="#c8e6c9"]',
    '  n1 [label="shop.add × 12"]',
    '  n2 [label="all", shape=circle]',
    '  n3 [label="back\\\\slash: BUSY"]',
    "  n1 -> n2",
    '  n1 -> n3 [style=dashed, label="error"]',
    "}",
  ]);
});
