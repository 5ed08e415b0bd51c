/** Where it stands among others: the task it all began with, the one that sent it, those it sent. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import type { TaskView } from "../../../shared/contract.ts";
import { pages } from "../../address.ts";
import { taskQueryOf } from "../../api/queries.ts";
import { counted } from "../../format/number.ts";
import { Panel } from "../../parts/panel.tsx";
import { StateBadge } from "../../parts/state-badge.tsx";

const most = 20;

export function Relations({ task }: { readonly task: TaskView }) {
  const root = task.rootId !== null && task.rootId !== task.uuid && task.rootId !== task.parentId ? task.rootId : null;
  const parent = task.parentId !== null && task.parentId !== task.uuid ? task.parentId : null;
  const { children } = task;
  return (
    <Panel title="Relations" end={children.length > 0 && <span className="faint">{counted(children.length, "child", "children")}</span>}>
      {root === null && parent === null && children.length === 0 ? (
        <p className="faint">It stands alone: no task sent it, and it sent none.</p>
      ) : (
        <ul className="tree">
          {root !== null && <Relative uuid={root} kin="Root" depth={0} />}
          {parent !== null && <Relative uuid={parent} kin="Parent" depth={root === null ? 0 : 1} />}
          <li className={`here depth-${Number(root !== null) + Number(parent !== null)}`}>
            <span className="kin">This</span>
            <span className="cut">{task.name ?? task.uuid}</span>
            <StateBadge state={task.state} />
          </li>
          {children.slice(0, most).map((uuid) => (
            <Relative key={uuid} uuid={uuid} kin="Child" depth={Number(root !== null) + Number(parent !== null) + 1} />
          ))}
        </ul>
      )}
      {children.length > most && <p className="faint">and {children.length - most} more</p>}
    </Panel>
  );
}

interface RelativeProps {
  readonly uuid: string;
  readonly kin: string;
  readonly depth: number;
}

function Relative({ uuid, kin, depth }: RelativeProps) {
  const { data } = useQuery({ ...taskQueryOf(uuid), retry: false });
  return (
    <li className={`depth-${depth}`}>
      <span className="kin">{kin}</span>
      <Link className={data?.name == null ? "cut mono" : "cut"} href={pages.task(uuid)} title={uuid}>
        {data?.name ?? uuid}
      </Link>
      {data !== undefined && <StateBadge state={data.state} lost={data.lost} />}
    </li>
  );
}
