/** What a task has sent, and what that has sent, as points and arrows: from the results that are stored now. */
import type { AsyncResult, GroupResult } from "@celeriac/core";
import type { Graph, GraphEdge, GraphNode } from "@celeriac/core/runtime";

/** A tree may be as large as it likes; a picture may not. */
const mostNodes = 1_000;

/** Throws RESULT_DISABLED, RESULT_UNREADABLE, BACKEND_*. */
export async function resultGraph(root: AsyncResult<unknown>): Promise<Graph> {
  const nodes = new Map<string, GraphNode>();
  const edges: GraphEdge[] = [];
  const due: { readonly result: AsyncResult<unknown>; readonly from: string | null }[] = [{ result: root, from: null }];
  for (let next = due.shift(); next !== undefined; next = due.shift()) {
    const { result, from } = next;
    const members = membersOf(result);
    if (members !== null) {
      due.push(...members.map((member) => ({ result: member, from })));
      continue;
    }
    const seen = nodes.get(result.id);
    if (seen === undefined && nodes.size >= mostNodes) continue;
    const node = seen ?? (await nodeOf(result, nodes.size));
    nodes.set(result.id, node);
    if (from !== null) edges.push({ from, to: node.id, kind: "next" });
    if (seen === undefined) for (const child of await result.children()) due.push({ result: child, from: node.id });
  }
  return { nodes: [...nodes.values()], edges };
}

async function nodeOf(result: AsyncResult<unknown>, index: number): Promise<GraphNode> {
  const snapshot = await result.snapshot();
  const state = snapshot.state === "CUSTOM" ? snapshot.custom : snapshot.state;
  return { id: `n${index}`, kind: "task", label: snapshot.name ?? result.id, count: 1, state };
}

function membersOf(result: AsyncResult<unknown>): readonly AsyncResult<unknown>[] | null {
  return "results" in result ? (result as GroupResult<readonly unknown[]>).results : null;
}
