/** Looks whether something is a signature's dictionary, whoever wrote it, with all that it is composed of: what is no signature is found out before anything is sent or run. */
import { parseInstant } from "../clock.ts";
import { isRecord } from "../option-check.ts";
import type { SignatureJson } from "../step.ts";
import { kindOf } from "./composite.ts";

type Members = Readonly<Record<string, unknown>>;

/** `name`: what an error calls it. Throws what `refuse` makes of what is wrong. */
export function readSignature(value: unknown, name: string, refuse: (what: string) => Error): SignatureJson {
  const { task, args = null, kwargs = null, options = null } = isRecord(value) ? (value as Members) : {};
  const fits =
    typeof task === "string" &&
    task !== "" &&
    (args === null || Array.isArray(args)) &&
    (kwargs === null || isRecord(kwargs)) &&
    (options === null || isRecord(options));
  if (!fits) throw refuse(`${name} must be a signature: {task, args, kwargs, options}`);
  const signature = value as SignatureJson;
  if (options !== null) checkOptions(options as Members, `${name}.options`, refuse);
  checkParts(signature, name, refuse);
  return signature;
}

function checkParts(signature: SignatureJson, name: string, refuse: (what: string) => Error): void {
  const kind = kindOf(signature);
  if (kind === null) return;
  const { tasks, header, body } = signature.kwargs ?? {};
  if (kind === "chord") {
    readSignature(body, `${name}.body`, refuse);
    if (isRecord(header)) readSignature(header, `${name}.header`, refuse);
    else checkList(header, `${name}.header`, refuse);
  } else checkList(tasks, `${name}.tasks`, refuse);
}

function checkList(list: unknown, name: string, refuse: (what: string) => Error): void {
  if (!Array.isArray(list)) throw refuse(`${name} must be a list of signatures`);
  for (const [index, part] of list.entries()) readSignature(part, `${name}[${index}]`, refuse);
}

function checkOptions(options: Members, name: string, refuse: (what: string) => Error): void {
  for (const key of ["eta", "expires"]) {
    const date = options[key];
    if (typeof date === "string" && parseInstant(date) === null)
      throw refuse(`${name}.${key} is no ISO-8601 date: ${JSON.stringify(date)}`);
  }
}
