import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { openServerSecret } from "../../../../packages/flower/src/server/security/server-secret.ts";

async function place(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "celeriac-flower-secret-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return join(folder, "flower.sqlite.secret");
}

it("is made once, for this user alone, and found again", async () => {
  const path = await place();
  const made = openServerSecret(null, path);
  expect(made.length).toBeGreaterThanOrEqual(43);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(openServerSecret(null, path)).toBe(made);
});

it("is made anew where its maker did not write it to its end", async () => {
  const path = await place();
  await writeFile(path, "");
  const made = openServerSecret(null, path);
  expect(await readFile(path, "utf8")).toBe(made);
});

it("is another one for each monitor that keeps none, and the given one where one is given", async () => {
  expect(openServerSecret(null, null)).not.toBe(openServerSecret(null, null));
  expect(openServerSecret("given", await place())).toBe("given");
});

it("says where it cannot be kept", async () => {
  const path = join(await place(), "not-there");
  expect(() => openServerSecret(null, path)).toThrow(
    expect.objectContaining({ code: "CONFIG_FILE", message: expect.stringContaining(path) }),
  );
});
