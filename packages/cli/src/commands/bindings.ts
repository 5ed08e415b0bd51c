/** `celeriac bindings`: which exchanges lead to which queues. */
import type { AppRuntime } from "@celeriac/core/runtime";
import { withBroker } from "../broker-access.ts";
import type { CommandArguments } from "../command-table.ts";
import { exitCode } from "../exit-code.ts";
import type { Output } from "../output.ts";
import { table } from "../table.ts";

const columns = [{ title: "EXCHANGE" }, { title: "TYPE" }, { title: "KEY" }, { title: "QUEUE" }];

/** Resolves with the exit code. Throws BROKER_*, CONFIG_*, APP_NOT_FOUND. */
export async function bindings({ common, positionals }: CommandArguments<"bindings">, output: Output): Promise<number> {
  return await withBroker(common, async ({ broker, runtime }) => {
    const told = await broker.queues.bindings();
    if (told === null) output.remark("RabbitMQ does not tell its bindings here: these are the app's own.");
    const wanted = positionals.exchanges;
    const shown = (told ?? declared(runtime)).filter(({ exchange }) => wanted.length === 0 || wanted.includes(exchange));
    if (output.json) output.result("", { bindings: shown });
    else if (shown.length === 0) output.remark("No bindings: every queue is reached by its name.");
    else
      output.print(
        table(
          columns,
          shown.map(({ exchange, type, routingKey, queue }) => [exchange, type ?? "", routingKey, queue]),
          output,
        ),
      );
    return exitCode.done;
  });
}

function declared({ queues }: AppRuntime) {
  return queues.names.flatMap((queue) =>
    queues.declaration(queue).bindings.map(({ exchange, exchangeType: type, routingKey }) => ({ exchange, type, routingKey, queue })),
  );
}
