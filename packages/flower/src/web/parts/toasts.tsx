/** Short words about what was just done, read aloud, gone after a while. */
import { createContext, type ReactNode, useCallback, useContext, useState } from "react";
import { after } from "../clock.ts";
import { Icon } from "./icon.tsx";

export interface Toast {
  readonly tone: "good" | "bad";
  readonly text: string;
  readonly more?: ReactNode;
}

type Told = Toast & { readonly id: number };

const ToastContext = createContext<(toast: Toast) => void>(() => {});
const shownFor = 8;

export function ToastProvider({ children }: { readonly children: ReactNode }) {
  const [toasts, setToasts] = useState<readonly Told[]>([]);
  const drop = useCallback((id: number) => setToasts((before) => before.filter((toast) => toast.id !== id)), []);
  const tell = useCallback(
    (toast: Toast) => {
      const id = Math.random();
      setToasts((before) => [...before.slice(-3), { ...toast, id }]);
      after(shownFor, () => drop(id));
    },
    [drop],
  );
  return (
    <ToastContext value={tell}>
      {children}
      <div className="toasts" role="status" aria-live="polite">
        {toasts.map((toast) => (
          <div key={toast.id} className="toast">
            <span className={`tone-${toast.tone}`}>
              <Icon name={toast.tone === "good" ? "check" : "warn"} />
            </span>
            <div className="told">
              {toast.text}
              {toast.more}
            </div>
            <button type="button" className="button plain square" aria-label="Dismiss" onClick={() => drop(toast.id)}>
              <Icon name="cross" />
            </button>
          </div>
        ))}
      </div>
    </ToastContext>
  );
}

export function useToast(): (toast: Toast) => void {
  return useContext(ToastContext);
}
