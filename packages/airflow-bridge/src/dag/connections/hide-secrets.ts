/** What of connections and variables is secret, by Airflow's rules: from the moment that it is read, no log and no reason of a failure shows it. */
import { hideSecret, isRecord, isSecretKey, redactText, stars } from "@celeriac/core/runtime";
import type { Connection } from "./connection.ts";
import { readJson } from "./json-text.ts";

/** Names that Airflow 3 takes for those of secrets (`DEFAULT_SENSITIVE_FIELDS`), beside those that we do. */
const airflowNames =
  /access_key|auth_header|bearer|connection_string|dsn|prox(?:y|ies)|service_account|service_key|keyfile_dict|webhook_url/;

/** Whether the value of a variable, or of something in a connection's extra, is a secret. */
export function namesSecret(name: string): boolean {
  return isSecretKey(name) || airflowNames.test(name.toLowerCase().replace(/\W+/g, "_"));
}

/** A copy for people, in which stars stand for what a name calls a secret. */
export function withoutNamedSecrets(value: unknown): unknown {
  if (typeof value === "string") return redactText(value);
  if (Array.isArray(value)) return value.map(withoutNamedSecrets);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => [name, part !== null && namesSecret(name) ? stars : withoutNamedSecrets(part)]),
  );
}

/** A variable as a list shows it. */
export function shownVariable(key: string, text: string): string {
  if (namesSecret(key)) return stars;
  const value = parsed(text);
  return value === undefined ? redactText(text) : JSON.stringify(withoutNamedSecrets(value));
}

export function hideConnection({ login, password, extra }: Connection): void {
  if (password !== null) {
    hideSecret(password);
    // As HTTP sends it.
    hideSecret(Buffer.from(`${login ?? ""}:${password}`).toString("base64"));
  }
  hideNamed(extra);
}

export function hideVariable(key: string, text: string): void {
  if (namesSecret(key)) hideAll(text);
  else hideNamed(parsed(text));
}

function hideNamed(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  for (const [name, part] of Object.entries(value)) {
    if (!Array.isArray(value) && namesSecret(name)) hideAll(part);
    else hideNamed(part);
  }
}

/** All texts in it; a text that is JSON, such as the key file of a service account, has texts, too. */
function hideAll(value: unknown): void {
  if (typeof value === "string") {
    hideSecret(value);
    const inner = parsed(value);
    if (Array.isArray(inner)) hideAll(inner);
    else hideNamed(inner);
  } else if (typeof value === "object" && value !== null) for (const part of Object.values(value)) hideAll(part);
}

/** undefined: it is no JSON object or list */
function parsed(text: string): unknown {
  if (!/^\s*[{[]/.test(text)) return undefined;
  const read = readJson(text);
  return read.kind === "value" && (isRecord(read.value) || Array.isArray(read.value)) ? read.value : undefined;
}
