/** Asks before something is done that others will notice. The browser's own dialog: it keeps the focus inside, and Escape ends it. */
import { type ReactNode, useEffect, useId, useRef } from "react";

interface ConfirmProps {
  readonly title: string;
  readonly children: ReactNode;
  /** what the button says: "Shut down" */
  readonly verb: string;
  readonly danger?: boolean;
  readonly busy: boolean;
  onConfirm(): void;
  onCancel(): void;
}

export function Confirm({ title, children, verb, danger = false, busy, onConfirm, onCancel }: ConfirmProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog
      ref={dialog}
      className="dialog"
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onCancel();
      }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!busy) onConfirm();
        }}
      >
        <h2 id={id}>{title}</h2>
        {children}
        <div className="choices">
          <button type="button" className="button" onClick={onCancel}>
            Cancel
          </button>
          <button type="submit" className={`button first${danger ? " danger" : ""}`} disabled={busy}>
            {verb}
          </button>
        </div>
      </form>
    </dialog>
  );
}
