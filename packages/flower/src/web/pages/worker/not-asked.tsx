/** In the place of what a worker has not told yet. */
import { Empty } from "../../parts/panel.tsx";

export function NotAsked() {
  return (
    <Empty icon="clock" title="Not answered yet">
      The worker has not yet answered when it was asked about itself.
    </Empty>
  );
}
