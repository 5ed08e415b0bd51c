/** What can be done to a task, each with the reason where it cannot. */
import { useQueryClient } from "@tanstack/react-query";
import { useLocation } from "wouter";
import type { TaskView } from "../../../shared/contract.ts";
import { pages } from "../../address.ts";
import { actOnTask, type TaskAction } from "../../api/actions.ts";
import { keys } from "../../api/queries.ts";
import { ActButton } from "../../parts/act-button.tsx";
import type { IconName } from "../../parts/icon.tsx";
import { useRefusal } from "../../shell/session.tsx";

interface Offer {
  readonly action: TaskAction;
  readonly label: string;
  readonly icon: IconName;
  readonly isDanger?: boolean;
  readonly question: string;
  readonly meaning: string;
}

const offers: readonly Offer[] = [
  {
    action: "retry",
    label: "Retry",
    icon: "retry",
    question: "Run it again?",
    meaning: "A new task is sent with the same name, arguments and queue. This one stays as it is.",
  },
  {
    action: "revoke",
    label: "Revoke",
    icon: "slash",
    question: "Revoke this task?",
    meaning: "Workers skip it when it comes to them. If it runs already, it goes on.",
  },
  {
    action: "terminate",
    label: "Terminate",
    icon: "stop",
    isDanger: true,
    question: "Terminate this task?",
    meaning: "The process that runs it is ended at once; what it has begun stays half done.",
  },
  {
    action: "abort",
    label: "Abort",
    icon: "cross",
    question: "Abort this task?",
    meaning: "Its state becomes ABORTED. A task that looks at it can stop by itself.",
  },
];

export function TaskActions({ task }: { readonly task: TaskView }) {
  const queries = useQueryClient();
  const [, go] = useLocation();
  const denied = useRefusal();
  const refusals = offers.map((offer) => ({ ...offer, refusal: denied ?? task.actions[offer.action].refusal }));
  const reasons = [...new Set(refusals.flatMap(({ refusal }) => refusal ?? []))];
  return (
    <>
      <div className="actions">
        {refusals.map(({ action, label, icon, isDanger = false, question, meaning, refusal }) => (
          <ActButton
            key={action}
            icon={icon}
            label={label}
            danger={isDanger}
            refusal={refusal}
            ask={{
              title: question,
              text: (
                <>
                  <p>{meaning}</p>
                  <p>
                    <code>{task.name ?? task.uuid}</code>
                  </p>
                </>
              ),
            }}
            act={() => actOnTask(task.uuid, action)}
            onDone={({ taskId }) => {
              void queries.invalidateQueries({ queryKey: keys.task(task.uuid) });
              if (taskId !== undefined) go(pages.task(taskId));
            }}
          />
        ))}
      </div>
      {reasons.length > 0 && (
        <ul className="reasons faint">
          {denied !== null ? (
            <li>{denied}</li>
          ) : (
            reasons.map((reason) => (
              <li key={reason}>
                {refusals
                  .filter(({ refusal }) => refusal === reason)
                  .map(({ label }) => label)
                  .join(", ")}
                : {reason}
              </li>
            ))
          )}
        </ul>
      )}
    </>
  );
}
