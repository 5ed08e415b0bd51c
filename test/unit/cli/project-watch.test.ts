import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "@celeriac/core/runtime";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { projectFolder as folderOf, type ProjectWatch, watchProject } from "../../../packages/cli/src/project-watch.ts";
import { eventually } from "../../support/eventually.ts";
import { temporaryDirectory } from "../../support/private-process.ts";

let folder: ReturnType<typeof temporaryDirectory>;
let watch: ProjectWatch;
let changes: string[];

function write(path: string, text = "// changed"): void {
  mkdirSync(join(folder.path, path, ".."), { recursive: true });
  writeFileSync(join(folder.path, path), text);
}

beforeEach(() => {
  folder = temporaryDirectory("watch");
  changes = [];
  for (const path of ["tasks.ts", "src/deep/mail.ts", "node_modules/x/index.js", ".cache/x.js"]) write(path);
  watch = watchProject(folder.path, systemClock, (path) => changes.push(path));
});
afterEach(() => {
  watch.close();
  folder.remove();
});

describe("watching a project", () => {
  it("tells changed code at any depth", async () => {
    write("src/deep/mail.ts", "// other");
    await eventually(() => expect(changes).toEqual([join("src", "deep", "mail.ts")]));
  });

  it("tells many changes at once as one", async () => {
    for (let at = 0; at < 20; at++) write(`file-${at}.ts`);
    await eventually(() => expect(changes).toEqual(["file-19.ts"]));
  });

  it("watches folders that come later, and copes with those that go", async () => {
    mkdirSync(join(folder.path, "later"));
    write("later/a.ts");
    await eventually(
      () => {
        write("later/a.ts", String(Math.random()));
        expect(changes).toContain(join("later", "a.ts"));
      },
      { everyMs: 150 },
    );
    rmSync(join(folder.path, "later"), { recursive: true });
    write("after.ts");
    await eventually(() => expect(changes).toContain("after.ts"));
  });

  it("is silent about packages, hidden folders and what a worker writes", async () => {
    for (const path of ["node_modules/x/index.js", ".cache/x.js", "celeriac.db", "celeriac.db-wal", "log.txt"]) write(path, "other");
    write("last.ts");
    await eventually(() => expect(changes).toEqual(["last.ts"]));
  });

  it("takes the folder of the nearest package.json for the project", () => {
    expect(folderOf(join(folder.path, "src/deep/mail.ts"))).toBe(join(folder.path, "src/deep"));
    write("package.json", "{}");
    expect(folderOf(join(folder.path, "src/deep/mail.ts"))).toBe(folder.path);
  });
});
