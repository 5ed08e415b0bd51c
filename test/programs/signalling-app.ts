/** An app that says, where its tasks run, what it hears of the executor's life and when its dependencies are opened and closed. */
import { createApp } from "@celeriac/core";

export const app = createApp("signalling", {
  broker: "sqlite:///nowhere/signalling.db",
  deps(scope) {
    console.log("opened");
    scope.onClose(() => console.log("closed"));
    return {};
  },
});
app.task("js.add", () => console.log("runs"));
app.signals.workerProcessInit.connect(({ hostname }) => console.log(`init ${hostname}`));
app.signals.workerProcessShutdown.connect(({ hostname, pid }) => console.log(`shutdown ${hostname} ${pid === process.pid}`));
