/** A signature as points and arrows, for those who draw it. */
import type { SignatureJson } from "../step.ts";
import { bodyOf, headerOf, kindOf, linksOf, tasksOf } from "./composite.ts";
import { joined } from "./join.ts";

export interface GraphNode {
  readonly id: string;
  /** `all`: waits for all that lead to it */
  readonly kind: "task" | "all";
  /** name of the task */
  readonly label: string;
  /** how many tasks it stands for, side by side and alike */
  readonly count: number;
  /** of a task that was sent, else null */
  readonly state: string | null;
}

export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  /** `next`: gets the result; `error`: is called when it fails */
  readonly kind: "next" | "error";
}

export interface Graph {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}

/** So many alike side by side are drawn as one. */
const mostAlike = 8;

export function signatureGraph(signature: SignatureJson): Graph {
  const drawing: Drawing = { nodes: [], edges: [] };
  draw(drawing, joined([signature]));
  return drawing;
}

interface Drawing {
  readonly nodes: GraphNode[];
  readonly edges: GraphEdge[];
}

/** Where a part begins, and where it ends. */
interface Part {
  readonly starts: readonly string[];
  readonly ends: readonly string[];
}

function draw(drawing: Drawing, signature: SignatureJson): Part {
  switch (kindOf(signature)) {
    case null:
      return drawTask(drawing, signature, 1);
    case "chain":
      return tasksOf(signature).reduce<Part | null>((before, step) => behind(drawing, before, draw(drawing, step)), null) ?? nothing;
    case "group":
      return drawGroup(drawing, signature);
    case "chord": {
      const header = draw(drawing, headerOf(signature));
      const all = add(drawing, { kind: "all", label: "all", count: 1 });
      const waiting = behind(drawing, header, { starts: [all], ends: [all] });
      const whole = behind(drawing, waiting, draw(drawing, bodyOf(signature)));
      return header.starts.length === 0 ? { ...whole, starts: [all] } : whole;
    }
  }
}

const nothing: Part = { starts: [], ends: [] };

function behind({ edges }: Drawing, before: Part | null, after: Part): Part {
  if (before === null) return after;
  for (const from of before.ends) for (const to of after.starts) edges.push({ from, to, kind: "next" });
  return { starts: before.starts, ends: after.ends };
}

function drawGroup(drawing: Drawing, group: SignatureJson): Part {
  const members = tasksOf(group);
  const [first] = members;
  if (members.length > mostAlike && first !== undefined && members.every((member) => isAlike(member, first)))
    return drawTask(drawing, first, members.length);
  const parts = members.map((member) => draw(drawing, member));
  return { starts: parts.flatMap(({ starts }) => starts), ends: parts.flatMap(({ ends }) => ends) };
}

function isAlike(member: SignatureJson, first: SignatureJson): boolean {
  const links = [member, first].flatMap(({ options }) => [...linksOf(options, "link"), ...linksOf(options, "link_error")]);
  return kindOf(member) === null && member.task === first.task && links.length === 0;
}

function drawTask(drawing: Drawing, task: SignatureJson, count: number): Part {
  const mapped = task.kwargs?.["task"] as Partial<SignatureJson> | undefined;
  const isMap = task.task === "celery.map" || task.task === "celery.starmap";
  const id = add(drawing, { kind: "task", label: isMap ? `${task.task} ${String(mapped?.task)}` : task.task, count });
  for (const [name, kind] of [
    ["link", "next"],
    ["link_error", "error"],
  ] as const)
    for (const linked of linksOf(task.options, name))
      for (const to of draw(drawing, joined([linked])).starts) drawing.edges.push({ from: id, to, kind });
  return { starts: [id], ends: [id] };
}

function add({ nodes }: Drawing, node: Omit<GraphNode, "id" | "state">): string {
  const id = `n${nodes.length}`;
  nodes.push({ id, ...node, state: null });
  return id;
}
