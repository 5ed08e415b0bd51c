/** What can be done to a worker as a whole. */
import { useState } from "react";
import { actOnWorker } from "../../api/actions.ts";
import { ActButton } from "../../parts/act-button.tsx";
import { Icon } from "../../parts/icon.tsx";

interface WorkerControlsProps {
  readonly name: string;
  readonly refusal: string | null;
  refresh(): Promise<void>;
}

export function WorkerControls({ name, refusal, refresh }: WorkerControlsProps) {
  const [isAsking, setIsAsking] = useState(false);
  const ask = async () => {
    setIsAsking(true);
    await refresh();
    setIsAsking(false);
  };
  return (
    <>
      <button type="button" className="button" disabled={isAsking} onClick={ask}>
        <Icon name="refresh" />
        {isAsking ? "Asking" : "Refresh"}
      </button>
      <ActButton
        icon="retry"
        label="Restart pool"
        refusal={refusal}
        ask={{
          title: "Restart the pool?",
          text: <p>Every process of {name} is replaced. What runs in them is ended and starts again elsewhere.</p>,
        }}
        act={() => actOnWorker(name, "pool-restart")}
        onDone={refresh}
      />
      <ActButton
        icon="power"
        label="Shut down"
        danger
        refusal={refusal}
        ask={{
          title: "Shut this worker down?",
          text: <p>{name} finishes what it runs and goes. Nothing here can start it again: whoever supervises it must.</p>,
        }}
        act={() => actOnWorker(name, "shutdown")}
        onDone={refresh}
      />
    </>
  );
}
