/** The description of /api/v2 for programs: OpenAPI 3.1, made of the table of its routes. */
import { roleFor } from "../../security/rights.ts";
import type { ApiRoute } from "./api-route.ts";
import type { Parameter, ParameterTable } from "./parameters.ts";
import { type Schema, shapes } from "./shapes.ts";
import { streamDescription } from "./stream-description.ts";

export type OpenApiDocument = Readonly<Record<string, unknown>> & { readonly paths: Readonly<Record<string, object>> };

/** `prefix`: "/flower", or "" */
export function openApiDocument(routes: readonly ApiRoute[], prefix: string): OpenApiDocument {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    paths[route.path] ??= {};
    paths[route.path]![route.method.toLowerCase()] = operation(route);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Monitor of Celeriac",
      version: "2",
      description:
        "Times are epoch seconds, lengths of time are seconds, null means that nobody knows. Flower's API lies beside it, below /api.",
    },
    servers: [{ url: `${prefix}/api/v2` }],
    security: [{}, { basic: [] }, { token: [] }, { session: [] }],
    paths: { ...paths, ...streamDescription },
    components: {
      schemas: shapes,
      securitySchemes: {
        basic: { type: "http", scheme: "basic" },
        token: { type: "http", scheme: "bearer" },
        session: {
          type: "apiKey",
          in: "cookie",
          name: "flower-session",
          description: "Of a login through a provider; over TLS its name begins with __Host-.",
        },
      },
    },
  };
}

function operation(route: ApiRoute): object {
  const inPath = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  const inQuery = Object.entries(route.query).map(([name, row]) => ({
    name,
    in: "query",
    required: row.isRequired === true,
    description: row.doc,
    schema: schemaOf(row),
  }));
  return {
    summary: route.summary,
    description: neededRole(route),
    parameters: [...inPath, ...inQuery],
    ...(Object.keys(route.body).length === 0
      ? {}
      : { requestBody: { content: { "application/json": { schema: bodySchema(route.body) } } } }),
    responses: {
      200: { description: "Done", content: { "application/json": { schema: { $ref: `#/components/schemas/${route.answer}` } } } },
      default: { description: "Not done, and why", content: { "application/json": { schema: { $ref: "#/components/schemas/Problem" } } } },
    },
  };
}

export function neededRole({ action }: Pick<ApiRoute, "action">): string {
  const role = action === null ? null : roleFor[action];
  return role === null ? "For all who may look on." : `Needs the role ${role}.`;
}

function bodySchema(body: ParameterTable): Schema {
  const required = Object.keys(body).filter((name) => body[name]!.isRequired === true);
  const properties = Object.fromEntries(Object.entries(body).map(([name, row]) => [name, { ...schemaOf(row), description: row.doc }]));
  return { type: "object", additionalProperties: false, required, properties };
}

function schemaOf({ kind, range, choices }: Parameter): Schema {
  const types = { text: "string", number: "number", whole: "integer", flag: "boolean", json: ["array", "object"] } as const;
  return {
    type: types[kind],
    ...(range === undefined ? {} : { minimum: range[0], maximum: range[1] }),
    ...(choices === undefined ? {} : { enum: choices }),
  };
}
