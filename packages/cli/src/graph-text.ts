/** Points and arrows in the languages of those who draw them: Mermaid, and Graphviz's DOT. */
import type { Graph, GraphNode } from "@celeriac/core/runtime";

/** How a state looks; others are drawn as they are. */
const colors: Readonly<Record<string, string>> = {
  SUCCESS: "#c8e6c9",
  FAILURE: "#ffcdd2",
  REVOKED: "#ffcdd2",
  STARTED: "#bbdefb",
  RETRY: "#ffe0b2",
};

export const graphFormats: Readonly<Record<"mermaid" | "dot", (graph: Graph) => string>> = { mermaid, dot };

function mermaid({ nodes, edges }: Graph): string {
  const states = [...new Set(nodes.map(({ state }) => state))].filter((state) => state !== null && state in colors) as string[];
  return [
    "flowchart LR",
    ...nodes.map((node) => `  ${node.id}${node.kind === "all" ? `(("${mermaidText(node)}"))` : `["${mermaidText(node)}"]`}`),
    ...edges.map(({ from, to, kind }) => `  ${from} ${kind === "error" ? "-. error .->" : "-->"} ${to}`),
    ...states.flatMap((state) => [
      `  classDef ${state} fill:${colors[state]},color:#000`,
      `  class ${nodes.filter((node) => node.state === state).map(({ id }) => id)} ${state}`,
    ]),
  ].join("\n");
}

/** Quotes, markup and line ends would end the text, or be obeyed. */
function mermaidText(node: GraphNode): string {
  return textOf(node).replace(/["#&<>`\\[\]{}()|\p{Cc}]/gu, (sign) => `#${sign.codePointAt(0)};`);
}

function dot({ nodes, edges }: Graph): string {
  return [
    "digraph {",
    "  rankdir=LR",
    '  node [shape=box, style="rounded,filled", fillcolor=white]',
    ...nodes.map((node) => {
      const shape = node.kind === "all" ? ", shape=circle" : "";
      const fill = node.state !== null && node.state in colors ? `, fillcolor="${colors[node.state]}"` : "";
      return `  ${node.id} [label="${dotText(node)}"${shape}${fill}]`;
    }),
    ...edges.map(({ from, to, kind }) => `  ${from} -> ${to}${kind === "error" ? ' [style=dashed, label="error"]' : ""}`),
    "}",
  ].join("\n");
}

function dotText(node: GraphNode): string {
  return textOf(node)
    .replace(/[\\"]/g, (sign) => `\\${sign}`)
    .replace(/\p{Cc}/gu, " ");
}

function textOf({ label, count, state }: GraphNode): string {
  return `${label}${count > 1 ? ` × ${count}` : ""}${state === null ? "" : `: ${state}`}`;
}
