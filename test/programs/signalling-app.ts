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
let waiting: (() => void)[] = [];
/** They say it when two of them run. */
app.task("js.say", async (word: string) => {
  await new Promise<void>((resolve) => {
    waiting.push(resolve);
    if (waiting.length < 2) return;
    for (const go of waiting) go();
    waiting = [];
  });
  console.log(word);
});
app.signals.workerProcessInit.connect(({ hostname }) => console.log(`init ${hostname}`));
app.signals.workerProcessShutdown.connect(({ hostname, pid }) => console.log(`shutdown ${hostname} ${pid === process.pid}`));
