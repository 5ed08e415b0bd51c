/** A small form of fields in a row with one button: what it says is done, and how it went is told. */
import { type ReactNode, useId } from "react";
import type { ActionReport } from "../../shared/contract.ts";
import { useToast } from "./toasts.tsx";
import { useAct } from "./use-act.ts";

interface ActFormProps {
  readonly label: string;
  readonly verb: string;
  readonly refusal: string | null;
  readonly children: ReactNode;
  /** field name → what was typed */
  act(words: Readonly<Record<string, string>>): Promise<ActionReport>;
  onDone(report: ActionReport): unknown;
}

export function ActForm({ label, verb, refusal, children, act, onDone }: ActFormProps) {
  const toast = useToast();
  const reason = useId();
  const { isActing, start } = useAct<Readonly<Record<string, string>>>({
    act,
    onDone(report) {
      const refused = Object.values(report.workers ?? {}).flatMap((answer) => ("error" in answer ? [answer.error] : []));
      toast(refused.length === 0 ? { tone: "good", text: report.message } : { tone: "bad", text: refused.join("; ") });
      onDone(report);
    },
    onRefused: (error) => toast({ tone: "bad", text: error.message }),
  });
  return (
    <form
      className="act-form"
      aria-label={label}
      onSubmit={(event) => {
        event.preventDefault();
        if (refusal !== null) return;
        const words = [...new FormData(event.currentTarget)].map(([name, value]) => [name, String(value).trim()] as const);
        start(Object.fromEntries(words));
      }}
    >
      {children}
      <button
        type="submit"
        className="button"
        aria-disabled={refusal !== null || isActing}
        aria-describedby={refusal === null ? undefined : reason}
        title={refusal ?? undefined}
      >
        {verb}
      </button>
      {refusal !== null && (
        <span id={reason} className="unseen">
          {refusal}
        </span>
      )}
    </form>
  );
}
