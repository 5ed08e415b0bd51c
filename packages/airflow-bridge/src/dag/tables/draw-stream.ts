/** Draws the DAG of a stream: a task for each process in each of its groups. */
import type { DagBuilder } from "../definition/builder.ts";
import type { CronExpression, DagOptions } from "../definition/dag-options.ts";
import { type DagSurroundings, type DrawnDag, drawDag } from "../definition/draw-dag.ts";
import type { Node } from "../definition/handle.ts";
import type { NodeOptions } from "../definition/node-options.ts";
import { runScript } from "./script.ts";
import type { ProcessPlace, ProcessPlan, StreamPlan } from "./stream-plan.ts";

export interface StreamPlaces extends DagSurroundings {
  /** the folder of the scripts */
  readonly scripts: URL;
}

/** Throws as dag() does, for what the checks of the rows have let pass. */
export function drawStream(plan: StreamPlan, { scripts, ...around }: StreamPlaces): DrawnDag {
  return drawDag(plan.name, optionsOf(plan), (d) => draw(d, plan, scripts), around);
}

function optionsOf({ params, maxActiveRuns, schedule }: StreamPlan): DagOptions {
  if (schedule === null) return { params, maxActiveRuns };
  const { cron, timezone, startAt, endAt, catchUp } = schedule;
  return {
    ...{ params, maxActiveRuns, catchUp, schedule: cron as CronExpression },
    ...(timezone === null ? {} : { tz: timezone }),
    ...(startAt === null ? {} : { startAt: new Date(startAt) }),
    ...(endAt === null ? {} : { endAt: new Date(endAt) }),
  };
}

type GroupNodes = ReadonlyMap<string | null, Node>;

function draw(d: DagBuilder, { processes }: StreamPlan, scripts: URL): void {
  const nodes = new Map(processes.map(({ name }) => [name, new Map<string | null, Node>()]));
  const groups = new Set(processes.flatMap(({ places }) => places.map(({ group }) => group)));
  for (const group of groups) {
    const addAll = () => {
      for (const process of processes)
        for (const place of process.places.filter((each) => each.group === group))
          nodes.get(process.name)!.set(group, addProcess(d, process, place, scripts));
    };
    if (group === null) addAll();
    else d.group(group, addAll);
  }
  for (const { name, dependsOn } of processes) for (const earlier of dependsOn) connect(nodes.get(name)!, nodes.get(earlier)!);
}

/** Where both are in a group, it is that one of the two there which is waited for; else all of them, wherever they are. */
function connect(later: GroupNodes, earlier: GroupNodes): void {
  for (const [group, node] of later) {
    const beside = earlier.get(group);
    node.after(...(beside === undefined ? earlier.values() : [beside]));
  }
}

function addProcess(d: DagBuilder, plan: ProcessPlan, { priority }: ProcessPlace, scripts: URL): Node {
  const { name, kind, command, params, retries, retryDelaySeconds, timeoutSeconds, pool } = plan;
  const options: NodeOptions = {
    // The number in the row is the weight, whatever stands behind it.
    ...{ id: name, retries, retryDelay: retryDelaySeconds, priorityWeight: priority, weightRule: "absolute" },
    ...(timeoutSeconds === null ? {} : { executionTimeout: timeoutSeconds }),
    ...(pool === null ? {} : { pool }),
  };
  switch (kind) {
    case "script":
      return d.task(name, options, (run) => runScript(new URL(command, scripts), run, params))();
    case "bash":
      return d.bash(name, command, { ...options, env: params as Readonly<Record<string, string>> });
    case "stream":
      // The run that is started has a date of its own: for which one it is to work it has to be told.
      return d.trigger(command, { ...options, wait: true, params: { logicalDate: d.run("logicalDate"), ...params } });
  }
}
