/** A button that changes something: says why it cannot be used, asks first where it matters, tells how it went. */
import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useId, useState } from "react";
import type { ActionReport } from "../../shared/contract.ts";
import { Confirm } from "./confirm.tsx";
import { Icon, type IconName } from "./icon.tsx";
import { useToast } from "./toasts.tsx";

interface ActButtonProps {
  readonly icon?: IconName;
  readonly label: string;
  readonly danger?: boolean;
  /** why it cannot be done; null: it can */
  readonly refusal: string | null;
  /** the question before; undefined: none */
  readonly ask?: { readonly title: string; readonly text: ReactNode };
  act(): Promise<ActionReport>;
  onDone?(report: ActionReport): void;
}

export function ActButton({ icon, label, danger = false, refusal, ask, act, onDone }: ActButtonProps) {
  const [isAsking, setIsAsking] = useState(false);
  const toast = useToast();
  const reason = useId();
  const action = useMutation({
    mutationFn: act,
    onSuccess(report) {
      toast({ tone: errorsOf(report).length > 0 ? "bad" : "good", text: report.message, more: <Acknowledgements report={report} /> });
      onDone?.(report);
    },
    onError: (error) => toast({ tone: "bad", text: error.message }),
    onSettled: () => setIsAsking(false),
  });
  const isRefused = refusal !== null;
  const start = () => {
    if (isRefused || action.isPending) return;
    if (ask === undefined) action.mutate();
    else setIsAsking(true);
  };
  return (
    <>
      <button
        type="button"
        className={`button${danger ? " danger" : ""}`}
        aria-disabled={isRefused || action.isPending}
        aria-describedby={isRefused ? reason : undefined}
        title={refusal ?? undefined}
        onClick={start}
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
          busy={action.isPending}
          onConfirm={() => action.mutate()}
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
