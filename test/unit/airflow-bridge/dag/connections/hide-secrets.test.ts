import { expect, it } from "vitest";
import { connectionOf } from "../../../../../packages/airflow-bridge/src/dag/connections/connection.ts";
import { hideConnection, hideVariable, namesSecret } from "../../../../../packages/airflow-bridge/src/dag/connections/hide-secrets.ts";
import { redactText, stars } from "../../../../../packages/core/src/runtime.ts";

/** Those of the texts that are hidden. */
function hidden(...texts: readonly string[]): readonly string[] {
  return texts.filter((text) => redactText(`<${text}>`) === `<${stars}>`);
}

it.each([
  ...["password", "db_passwd", "Access-Key", "aws_secret_access_key", "dsn", "https_proxy", "webhook URL", "keyfile_dict", "sas_token"],
])("%s names a secret", (name) => {
  expect(namesSecret(name)).toBe(true);
});

it.each(["region", "host", "keyword_list", "limits"])("%s names none", (name) => {
  expect(namesSecret(name)).toBe(false);
});

it("hides a connection's password, as HTTP sends it, too, and what its extra calls a secret", () => {
  const keyfile = JSON.stringify({ private_key: "c1-private", project_id: "c1-project" });
  const extra = { region: "c1-region", aws: { tokens: ["c1-token"] }, keyfile_dict: keyfile, list: [{ dsn: "c1-dsn" }], token: 12345678 };
  hideConnection(connectionOf("c", { login: "c1-login", password: "c1-password", extra }));
  const basic = Buffer.from("c1-login:c1-password").toString("base64");
  expect(hidden("c1-login", "c1-region", "c1-project", "12345678")).toEqual([]);
  const secrets = ["c1-password", basic, "c1-token", "c1-private", "c1-dsn", keyfile];
  expect(hidden(...secrets)).toEqual(secrets);
});

it("hides a variable whose key names a secret, and what is one in the JSON of another", () => {
  hideVariable("v1_token", "v1-whole");
  hideVariable("v1_secrets", '["v1-first", {"a": "v1-second"}]');
  hideVariable("v1_limits", '{"rows": "v1-rows", "password": "v1-within"}');
  hideVariable("v1_text", "v1-text");
  expect(hidden("v1-rows", "v1-text")).toEqual([]);
  expect(hidden("v1-whole", "v1-first", "v1-second", "v1-within")).toEqual(["v1-whole", "v1-first", "v1-second", "v1-within"]);
});
