/** What the script of a new process begins as. */

/** where users have it from */
const door = "celeriac/dag";

export function scriptText(path: string, process: string, stream: string): string {
  const doc = `/** The process ${process} of the stream ${stream}. What it returns is what its task gives; what it throws fails the try. */`;
  const body = `  run.log.info(${JSON.stringify(`${process} runs`)}, { params });\n}\n`;
  if (!/\.[cm]?tsx?$/.test(path)) return `${doc}\nexport async function run(run, params) {\n${body}`;
  const head = `import type { RunContext } from ${JSON.stringify(door)};\n\n${doc}\n`;
  return `${head}export async function run(run: RunContext, params: Readonly<Record<string, unknown>>): Promise<void> {\n${body}`;
}
