/** The description of /api/v2 for people: a page without a script or a style, made of the same table. */
import { escaped } from "../../refusals.ts";
import type { ApiRoute } from "./api-route.ts";
import { neededRole } from "./openapi.ts";
import type { ParameterTable } from "./parameters.ts";
import { streamDescription } from "./stream-description.ts";

export function openApiPage(routes: readonly ApiRoute[]): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>API of the monitor</title></head>
<body>
<h1>API of the monitor</h1>
<p>Below <code>api/v2</code>; the same for programs: <a href="openapi.json">openapi.json</a>. Flower's API lies beside it, below <code>api</code>.</p>
${routes.map(section).join("\n")}
${Object.entries(streamDescription).map(streamSection).join("\n")}
</body>
</html>
`;
}

function section(route: ApiRoute): string {
  return `<section>
<h2><code>${route.method} ${escaped(route.path)}</code></h2>
<p>${escaped(route.summary)} ${escaped(neededRole(route))} Answers with ${route.answer}.</p>
${table("Query", route.query)}${table("Body", route.body)}
</section>`;
}

function streamSection([path, { get }]: readonly [string, (typeof streamDescription)[keyof typeof streamDescription]]): string {
  const query = get.parameters.map(({ name, required, description }) => [
    name,
    { doc: description, ...(required ? { isRequired: true as const } : {}) },
  ]);
  return `<section>
<h2><code>GET ${escaped(path)}</code></h2>
<p>${escaped(get.summary)} ${escaped(get.description)}</p>
${table("Query", Object.fromEntries(query))}
</section>`;
}

type Told = Pick<ParameterTable[string], "doc" | "isRequired">;

function table(caption: string, parameters: Readonly<Record<string, Told>>): string {
  const rows = Object.entries(parameters).map(
    ([name, { doc, isRequired }]) =>
      `<tr><th scope="row"><code>${escaped(name)}</code></th><td>${isRequired === true ? "required" : ""}</td><td>${escaped(doc)}</td></tr>`,
  );
  return rows.length === 0 ? "" : `<table><caption>${caption}</caption>\n${rows.join("\n")}\n</table>\n`;
}
