import { expect, it } from "vitest";
import { hideTokens } from "../../../packages/airflow-bridge/src/airflow/redaction.ts";
import { token, workloadOf } from "../../support/airflow/messages.ts";

it.each([
  ["as Celery shows the argument", `('${workloadOf("a_dag")}',)`],
  ["cut off within the token", `('{"token":"${token}`.slice(0, 60)],
  ["cut off within its first part", `('{"token":"${token}`.slice(0, 25)],
  ["in a text within a text", JSON.stringify(JSON.stringify({ token }))],
  ["where nothing says what it is", `Signature of ${token} has expired`],
  ["of another form", '{"token": "opaque-secret-eyJ"}'.replace("opaque-secret-eyJ", `opaque ${token}`)],
])("hides a token %s", (_, text) => {
  const shown = hideTokens(text);
  expect(shown).not.toMatch(/eyJ|opaque|c2lnbmVk/);
  expect(shown).toContain("********");
});

it("leaves everything else as it is", () => {
  expect(hideTokens(`('${workloadOf("a_dag")}',)`)).toBe(`('${workloadOf("a_dag").replace(token, "********")}',)`);
  for (const text of ["[['airflow', 'tasks', 'run', 'token_dag']]", "a token bucket", "grey journey eyJ"])
    expect(hideTokens(text)).toBe(text);
});
