/** What the monitor's tests watch: broker and result backend come from the environment. */
import { createApp } from "@celeriac/core";

export const app = createApp("watched", { config: { resultExtended: true } });

app.task("tasks.add", (x: number, y: number) => x + y);
app.task("tasks.echo", (...args: readonly unknown[]) => args);
app.task("tasks.fail", { maxRetries: 0 }, (message: string) => {
  throw new RangeError(message);
});
/** Until it is told to end. */
app.bound("tasks.sleep", { trackStarted: true }, async (self) => {
  await new Promise((_, reject) => self.signal.addEventListener("abort", () => reject(self.signal.reason)));
});
