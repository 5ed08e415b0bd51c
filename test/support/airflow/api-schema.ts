/** Airflow's own description of its Task Execution API, and whether a request is one that it allows: unknown fields, paths and parameters are refused as the server refuses them. */
import { readFileSync } from "node:fs";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";

const file = new URL("../../golden/airflow/openapi-2025-08-10.json", import.meta.url);

interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required?: boolean;
  readonly schema: object;
}

interface OperationSpec {
  readonly operationId: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Readonly<Record<string, { readonly schema: object }>> };
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, { readonly schema: object }>> }>>;
}

export interface Operation {
  readonly id: string;
  readonly params: Readonly<Record<string, string>>;
  readonly spec: OperationSpec;
}

// Read by the letter no whole number is a JSON value: it is an "integer" and a "number", and the description wants one of them.
const anyJson = (key: string, value: unknown) => (key === "JsonValue" ? {} : value);
const document = JSON.parse(readFileSync(file, "utf8"), anyJson) as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationSpec>>>>;
};
const ajv = new Ajv2020({ strict: false, allErrors: true });
ajv.addFormat("uuid", /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i);
ajv.addFormat("date-time", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/);
ajv.addFormat("date", /^\d{4}-\d\d-\d\d$/);
ajv.addFormat("duration", true);
ajv.addSchema(document, "api");

/** null: the server has no such path. */
export function operationOf(method: string, path: string): Operation | null {
  for (const [template, methods] of Object.entries(document.paths)) {
    const spec = methods[method.toLowerCase()];
    const params = spec === undefined ? null : match(template, path);
    if (spec !== undefined && params !== null) return { id: spec.operationId, params, spec };
  }
  return null;
}

function match(template: string, path: string): Record<string, string> | null {
  const [wanted, given] = [template.split("/"), path.split("/")];
  if (wanted.length !== given.length) return null;
  const params: Record<string, string> = {};
  for (const [at, part] of wanted.entries()) {
    const name = /^\{(.+)\}$/.exec(part)?.[1];
    if (name !== undefined) params[name] = decodeURIComponent(given[at]!);
    else if (part !== given[at]) return null;
  }
  return params;
}

/** What the server would not take, each in a line. */
export function problemsOf(
  { spec, params, id }: Operation,
  query: URLSearchParams,
  headers: Readonly<Record<string, unknown>>,
  body: unknown,
): readonly string[] {
  const problems: string[] = [];
  const known = new Set<string>();
  for (const { name, in: where, required, schema } of spec.parameters ?? []) {
    known.add(name);
    const value = where === "path" ? params[name] : where === "query" ? (query.get(name) ?? undefined) : headers[name.toLowerCase()];
    if (value === undefined) {
      if (required) problems.push(`${id}: ${name} is missing`);
    } else problems.push(...against(schema, typed(schema, value), `${id}: ${name}`));
  }
  for (const name of query.keys()) if (!known.has(name)) problems.push(`${id}: ${name} is no parameter`);
  const schema = spec.requestBody?.content["application/json"]?.schema;
  if (schema === undefined && body !== undefined) problems.push(`${id}: takes no body`);
  if (schema !== undefined) problems.push(...(body === undefined ? [`${id}: has no body`] : against(schema, body, `${id}: body`)));
  return problems;
}

/** The same of what the fake answers: it must not be kinder than the server. */
export function answerProblems({ spec, id }: Operation, status: number, body: unknown): readonly string[] {
  const answer = spec.responses[String(status)];
  if (answer === undefined) return [`${id}: never answers ${status}`];
  const schema = answer.content?.["application/json"]?.schema;
  return schema === undefined ? [] : against(schema, body, `${id}: answer ${status}`);
}

function typed(schema: object, value: unknown): unknown {
  const text = JSON.stringify(schema);
  if (typeof value === "string" && text.includes('"integer"') && /^-?\d+$/.test(value)) return Number(value);
  return text.includes('"boolean"') ? value === "true" : value;
}

const compiled = new Map<object, ValidateFunction>();

function against(schema: object, value: unknown, what: string): readonly string[] {
  const validate = compiled.get(schema) ?? ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"api#/')) as object);
  compiled.set(schema, validate);
  if (validate(value)) return [];
  return (validate.errors ?? []).map(({ instancePath, message }) => `${what}${instancePath} ${message}`);
}
