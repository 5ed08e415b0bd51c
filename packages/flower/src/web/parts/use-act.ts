/** Does something to a worker or a task, once: a second click before the first was answered is none. */
import { useMutation } from "@tanstack/react-query";
import { useRef } from "react";
import type { ActionReport } from "../../shared/contract.ts";

interface Act<Words> {
  act(words: Words): Promise<ActionReport>;
  onDone(report: ActionReport): unknown;
  onRefused(error: Error): void;
  onEnd?(): void;
}

export function useAct<Words>({ act, onDone, onRefused, onEnd }: Act<Words>): {
  readonly isActing: boolean;
  start(words: Words): void;
} {
  // What is drawn comes too late: a double click is over by then.
  const isActing = useRef(false);
  const action = useMutation({
    mutationFn: act,
    onSuccess: (report) => void onDone(report),
    onError: onRefused,
    onSettled() {
      isActing.current = false;
      onEnd?.();
    },
  });
  return {
    isActing: action.isPending,
    start(words) {
      if (isActing.current) return;
      isActing.current = true;
      action.mutate(words);
    },
  };
}
