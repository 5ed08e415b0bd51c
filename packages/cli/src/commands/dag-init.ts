/** `celeriac dag init`: makes the store, and a first DAG where there is no app. */
import { readFileSync, writeFileSync } from "node:fs";
import { CeleriacError } from "@celeriac/core/runtime";
import type { CommandArguments } from "../command-table.ts";
import { withDags } from "../dag-access.ts";
import { exitCode } from "../exit-code.ts";
import { hasApp } from "../load-app.ts";
import type { Output } from "../output.ts";
import { counted } from "../text.ts";

const firstDag = `import { createApp } from "celeriac";
import { dag, each } from "celeriac/dag";

export const app = createApp("dags");

/** Asks for names, greets each of them, and adds up what the greetings gave. */
export const hello = dag(app, "hello", { schedule: "@daily" }, (d) => {
  const names = d.task("names", () => ["Ada", "Grace", "Katherine"]);
  const greet = d.task("greet", { retries: 2 }, (run, name: string) => {
    run.log.info(\`Hello \${name}\`);
    return name.length;
  });
  const total = d.task("total", (_run, lengths: number[]) => lengths.reduce((sum, each) => sum + each, 0));
  total(greet.expand(each(names())));
});
`;

/** Resolves with the exit code. Throws APP_NOT_FOUND, DAG_STORE_*, CONFIG_*. */
export async function dagInit({ common }: CommandArguments<"dag init">, output: Output): Promise<number> {
  const written = common.app === null && !hasApp(process.cwd()) ? writeFirst() : null;
  const app = common.app ?? written;
  const { store, dags } = await withDags({ ...common, app }, async (access) => {
    await access.store.read((tables) => tables.dags.all());
    return { store: access.store.label, dags: [...access.dags.keys()] };
  });
  const told =
    written === null ? `The app has ${counted(dags.length, "DAG")}.` : `${written} is written: it has the DAG ${dags.join(", ")}.`;
  output.result(told, { store, dags, written });
  const flag = app === null ? "" : ` -A ${app}`;
  const [first = "DAG"] = dags;
  output.remark(`Its runs are kept in ${store}. Try it: celeriac${flag} dag test ${first}. Have it run: celeriac${flag} dag scheduler.`);
  return exitCode.done;
}

/** Gives its name. Throws APP_NOT_FOUND where a file has it. */
function writeFirst(): string {
  const file = isModulePackage() ? "./dags.ts" : "./dags.mts";
  try {
    writeFileSync(file, firstDag, { flag: "wx" });
    return file;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "EEXIST")
      throw new CeleriacError("APP_NOT_FOUND", `${file} is there already: name it with -A ${file}`, { cause });
    throw cause;
  }
}

/** What package.json makes CommonJS is an ES module under another ending. */
function isModulePackage(): boolean {
  try {
    return (JSON.parse(readFileSync("package.json", "utf8")) as { readonly type?: unknown } | null)?.type === "module";
  } catch {
    return false;
  }
}
