/** `celeriac dag pools`: shows and changes the pools in the store, which say how many task instances of theirs run at a time. */
import type { DagStore } from "@celeriac/airflow-bridge/dag-runtime";
import { CeleriacError } from "@celeriac/core/runtime";
import type { CommandArguments } from "../command-table.ts";
import { withDags } from "../dag-access.ts";
import { exitCode } from "../exit-code.ts";
import type { Output } from "../output.ts";
import { table } from "../table.ts";

type Asked =
  | { readonly kind: "list" }
  | { readonly kind: "remove"; readonly name: string }
  | { readonly kind: "set"; readonly name: string; readonly slots: number };

/** Resolves with the exit code. Throws COMMAND_USAGE, APP_NOT_FOUND, DAG_POOL_MISSING, DAG_STORE_*, CONFIG_*. */
export async function dagPools({ common, positionals, options }: CommandArguments<"dag pools">, output: Output): Promise<number> {
  const asked = readAsked(positionals);
  await withDags(common, ({ store }) => keep(asked, options.includeDeferred, store, output));
  return exitCode.done;
}

function readAsked({ action, name, slots }: CommandArguments<"dag pools">["positionals"]): Asked {
  const kind = action ?? "list";
  if (kind !== "list" && kind !== "set" && kind !== "remove")
    throw usage(`cannot do ${JSON.stringify(kind)}: expected list, set or remove`);
  const tooMuch = kind === "list" ? name : kind === "remove" ? slots : null;
  if (tooMuch !== null) throw usage(`${kind} takes no argument ${JSON.stringify(tooMuch)}`);
  if (kind === "list") return { kind };
  if (name === null || name === "") throw usage(`${kind} needs NAME`);
  if (kind === "remove") return { kind, name };
  if (slots === null || !/^\d{1,9}$/.test(slots)) throw usage(`set needs SLOTS, a number from 0 on, got ${JSON.stringify(slots)}`);
  return { kind, name, slots: Number(slots) };
}

async function keep(asked: Asked, includeDeferred: boolean, store: DagStore, output: Output): Promise<void> {
  switch (asked.kind) {
    case "list":
      return await list(store, output);
    case "set": {
      const { name, slots } = asked;
      await store.write(({ pools }) => pools.put({ name, slots, includeDeferred }));
      return output.result(`The pool ${name} has ${slots} slots.`, { pool: name, slots, includeDeferred });
    }
    case "remove": {
      const { name } = asked;
      if (!(await store.write(({ pools }) => pools.remove(name))))
        throw new CeleriacError("DAG_POOL_MISSING", `The store has no pool ${JSON.stringify(name)} that can be removed`);
      return output.result(`There is no pool ${name} any more.`, { pool: name });
    }
  }
}

async function list(store: DagStore, output: Output): Promise<void> {
  const { pools, used } = await store.read(async (tables) => ({
    pools: await tables.pools.all(),
    used: await tables.instances.usedSlots(),
  }));
  const usedOf = (name: string) => used.get(name) ?? 0;
  if (output.json) return output.result("", { pools: pools.map((pool) => ({ ...pool, used: usedOf(pool.name) })) });
  const rows = pools.map(({ name, slots, includeDeferred }) => [name, String(slots), String(usedOf(name)), includeDeferred ? "yes" : "no"]);
  const number = { align: "right" } as const;
  output.print(
    table([{ title: "POOL" }, { title: "SLOTS", ...number }, { title: "USED", ...number }, { title: "DEFERRED COUNT" }], rows, output),
  );
}

function usage(message: string): CeleriacError {
  return new CeleriacError("COMMAND_USAGE", `dag pools ${message}`);
}
