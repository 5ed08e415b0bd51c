/** An app whose signal listener throws, with a cause that JSON cannot write. */
import { createApp } from "@celeriac/core";

export const app = createApp("listening", { broker: "sqlite:///nowhere/listening.db" });
app.task("t", () => 1);
app.signals.taskPrerun.connect(() => {
  throw new Error("cannot listen", { cause: { amount: 5n, password: "s3cret" } });
});
