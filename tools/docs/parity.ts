/** Holds docs/celery-parity.md to the code: its states, its proofs, its counts, and that it forgets nothing that the code's own tables name. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { globalOptions } from "../../packages/cli/src/command-options.ts";
import { commandTable } from "../../packages/cli/src/command-table.ts";
import { flagOf } from "../../packages/cli/src/option.ts";
import { callOptionNames } from "../../packages/core/src/call.ts";
import { celerySettings } from "../../packages/core/src/celery-settings.ts";
import { remoteCommands } from "../../packages/core/src/command.ts";
import { settingTable } from "../../packages/core/src/config.ts";
import { signalTable } from "../../packages/core/src/signals.ts";
import { taskOptionNames } from "../../packages/core/src/task-options.ts";
import { table } from "./page.ts";
import { codeWords, type ParityRow, type ParityState, parityRows, states } from "./parity-table.ts";
import { testTitles } from "./test-titles.ts";

export const parityPage = "docs/celery-parity.md";

const countsMark = { from: "<!-- counts: written by `npm run docs` -->", to: "<!-- end of counts -->" };

/** The page with its counts as its rows are. */
export function withCounts(page: string): string {
  const [from, to] = [page.indexOf(countsMark.from), page.indexOf(countsMark.to)];
  if (from < 0 || to < from) return page;
  return `${page.slice(0, from)}${countsMark.from}\n\n${countsTable(parityRows(page))}\n\n${page.slice(to)}`;
}

/** What is wrong with the page, one line each. */
export function parityProblems(root: string, page = readFileSync(join(root, parityPage), "utf8")): readonly string[] {
  const rows = parityRows(page);
  return [
    ...rows.flatMap((row) => rowProblems(root, row).map((problem) => `${parityPage}:${row.line} ${problem}`)),
    ...missingNames(page).map((name) => `${parityPage} does not name ${name}, which the code has`),
    ...(withCounts(page) === page ? [] : [`${parityPage} counts its rows wrongly: run \`npm run docs\``]),
  ];
}

function rowProblems(root: string, { state, proofs, items }: ParityRow): readonly string[] {
  if (!isState(state)) return [`has the state "${state}", which is none of ${states.join(", ")}`];
  const needsProof = state === "same" || state === "better";
  return [
    ...(needsProof && proofs.length === 0 ? [`says ${state} of ${items.join(", ")}, and no test shows it`] : []),
    ...proofs
      .filter(({ words, file }) => !isTitle(join(root, dirname(parityPage), file), words))
      .map(({ words, file }) => `says that a test "${words}" is in ${file}, where there is none`),
  ];
}

function isState(state: string): state is ParityState {
  return states.some((each) => each === state);
}

function isTitle(path: string, words: string): boolean {
  return existsSync(path) && testTitles(readFileSync(path, "utf8")).some((title) => title.includes(words));
}

/** Names of Celery that a group stands for: `cassandra_*` is all settings that begin so. */
function itemCount(item: string): number {
  if (!item.endsWith("_*")) return 1;
  return Object.keys(celerySettings).filter((name) => name.startsWith(item.slice(0, -1))).length;
}

function countsTable(rows: readonly ParityRow[]): string {
  const sections = [...new Set(rows.map(({ section }) => section))];
  const counts = (of: readonly ParityRow[]) => {
    const each = states.map((state) =>
      of.filter((row) => row.state === state).reduce((sum, { items }) => sum + items.reduce((n, item) => n + itemCount(item), 0), 0),
    );
    return [...each, each.reduce((sum, count) => sum + count, 0)].map((count) => (count === 0 ? "" : String(count)));
  };
  return table(
    ["", ...states, "in all"],
    [
      ...sections.map((section) => [`[${section}](#${anchor(section)})`, ...counts(rows.filter((row) => row.section === section))]),
      ["**Everything**", ...counts(rows).map((count) => (count === "" ? "" : `**${count}**`))],
    ],
  );
}

function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} -]/gu, "")
    .replaceAll(" ", "-");
}

/** Of the tables that the code runs on; a name counts in either spelling, or as part of a group such as `cassandra_*`. */
function missingNames(page: string): readonly string[] {
  const words = codeWords(page).flatMap((span) => span.split(/[\s,=<>[\]]+/));
  const named = new Set(words);
  const groups = words.filter((word) => word.endsWith("_*")).map((word) => word.slice(0, -1));
  const isWord = (name: string) =>
    [name, snakeCase(name)].some((each) => named.has(each) || groups.some((group) => each.startsWith(group)));
  // A command may have two words.
  const isNamed = (name: string) => name.split(" ").every(isWord);
  const flags = [globalOptions, ...Object.values(commandTable).map(({ options }) => options)].flatMap((table) =>
    Object.keys(table).map(flagOf),
  );
  const tables = [celerySettings, settingTable, remoteCommands, commandTable, signalTable].flatMap((table) => Object.keys(table));
  return [...new Set([...tables, ...taskOptionNames, ...callOptionNames, ...flags])].filter((name) => !isNamed(name));
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
