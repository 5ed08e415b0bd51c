/** A question that was not answered, in the place of its answer. */
import { Refused } from "../api/ask.ts";
import { Icon } from "./icon.tsx";

export function Trouble({ error, again }: { readonly error: Error; readonly again?: () => void }) {
  return (
    <div className="empty" role="alert">
      <Icon name="warn" />
      <strong>{error instanceof Refused && error.status === 0 ? "No answer" : "This could not be shown"}</strong>
      <span className="wraps">{error.message}</span>
      {again !== undefined && (
        <button type="button" className="button" onClick={again}>
          <Icon name="refresh" />
          Try again
        </button>
      )}
    </div>
  );
}
