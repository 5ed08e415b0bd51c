/** A button that changes something: says why it cannot be used, asks first where it matters, tells how it went. */
import { type ReactNode, useId, useState } from "react";
import type { ActionReport } from "../../shared/contract.ts";
import { Confirm } from "./confirm.tsx";
import { Icon, type IconName } from "./icon.tsx";
import { useToast } from "./toasts.tsx";
import { useAct } from "./use-act.ts";

interface ActButtonProps {
  readonly icon?: IconName;
  readonly label: string;
  readonly danger?: boolean;
  /** why it cannot be done; null: it can */
  readonly refusal: string | null;
  /** the question before; undefined: none */
  readonly ask?: { readonly title: string; readonly text: ReactNode };
  act(): Promise<ActionReport>;
  onDone?(report: ActionReport): unknown;
}

export function ActButton({ icon, label, danger = false, refusal, ask, act, onDone }: ActButtonProps) {
  const [isAsking, setIsAsking] = useState(false);
  const toast = useToast();
  const reason = useId();
  const { isActing, start } = useAct<void>({
    act,
    onDone(report) {
      toast({ tone: errorsOf(report).length > 0 ? "bad" : "good", text: report.message, more: <Acknowledgements report={report} /> });
      onDone?.(report);
    },
    onRefused: (error) => toast({ tone: "bad", text: error.message }),
    onEnd: () => setIsAsking(false),
  });
  const isRefused = refusal !== null;
  const press = () => {
    if (isRefused) return;
    if (ask === undefined) start();
    else setIsAsking(true);
  };
  return (
    <>
      <button
        type="button"
        className={`button${danger ? " danger" : ""}`}
        aria-disabled={isRefused || isActing}
        aria-describedby={isRefused ? reason : undefined}
        title={refusal ?? undefined}
        onClick={press}
      >
        {icon !== undefined && <Icon name={icon} />}
        {label}
      </button>
      {isRefused && (
        <span id={reason} className="unseen">
          {refusal}
        </span>
      )}
      {isAsking && ask !== undefined && (
        <Confirm
          title={ask.title}
          verb={label}
          danger={danger}
          busy={isActing}
          onConfirm={() => start()}
          onCancel={() => setIsAsking(false)}
        >
          {ask.text}
        </Confirm>
      )}
    </>
  );
}

/** What each worker said: a command that nobody answered was only sent. */
function Acknowledgements({ report: { workers } }: { readonly report: ActionReport }) {
  if (workers === undefined) return null;
  const answers = Object.entries(workers);
  if (answers.length === 0) return <p className="faint">No worker has answered yet.</p>;
  return (
    <ul>
      {answers.map(([name, answer]) => (
        <li key={name} className="faint wraps">
          {name}: {"ok" in answer ? answer.ok : answer.error}
        </li>
      ))}
    </ul>
  );
}

function errorsOf({ workers = {} }: ActionReport): readonly string[] {
  return Object.values(workers).flatMap((answer) => ("error" in answer ? [answer.error] : []));
}
