/** What lies in the packages that users install. */
import { readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, inject, it } from "vitest";
import { packages, packedPackages } from "../support/packed.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const names = Object.keys(packages);
const packed = packedPackages(inject("packedPath"));
/** Compiled, file by file; the monitor's pages are bundled instead. */
const isBuilt = (path: string) => path.startsWith("dist") && !path.startsWith(join("dist", "web"));

describe.each(names)("%s, packed", (name) => {
  it("has every file that its exports and its bin name", () => {
    const { exports, bin = {} } = packed.manifest(name);
    const targets = [
      ...Object.values(exports).flatMap((target) => (typeof target === "string" ? [target] : Object.values(target))),
      ...Object.values(bin),
    ];
    expect(targets.length).toBeGreaterThan(0);
    for (const target of targets) expect(packed.files(name), target).toContain(target.replace(/^\.\//, ""));
  });

  it("has the files of its sources, built, and neither tests nor leavings of the build", () => {
    const all = readdirSync(join(root, "packages", packages[name]!, "src"), { recursive: true, encoding: "utf8" });
    const source = all.filter((path) => !path.startsWith(join("web", "")));
    const built = source.filter((path) => /\.(ts|lua|py)$/.test(path)).map((path) => join("dist", path.replace(/\.ts$/, ".js")));
    const files = packed.files(name);
    for (const path of built) expect(files, path).toContain(path);
    expect(files.filter((path) => path.endsWith(".js") && isBuilt(path)).sort()).toEqual(
      built.filter((path) => path.endsWith(".js")).sort(),
    );
    expect(
      files
        .filter((path) => /test|tsbuildinfo|tsconfig/.test(path))
        .filter((path) => !/(dist|src)\/(testing\b|commands\/dag-test\.)/.test(path)),
    ).toEqual([]);
  });

  it("has licence and readme, and says the licence", () => {
    expect(packed.files(name)).toContain("README.md");
    expect(readFileSync(join(packed.path, "node_modules", name, "LICENSE"), "utf8")).toBe(readFileSync(join(root, "LICENSE"), "utf8"));
    expect(packed.manifest(name)).toMatchObject({
      name,
      license: "MIT",
      type: "module",
      engines: { node: ">=20.19" },
      description: expect.any(String),
    });
  });

  it("is for everybody, which npm takes for granted only of names without a scope", () => {
    if (name.startsWith("@")) expect(packed.manifest(name).publishConfig).toEqual({ access: "public" });
    else expect(packed.manifest(name)).not.toHaveProperty("private");
  });

  it("depends on every package that it imports, in one version for all of ours", () => {
    const files = packed.files(name).filter((path) => isBuilt(path) && path.endsWith(".js"));
    const text = files.map((path) => readFileSync(join(packed.path, "node_modules", name, path), "utf8")).join("\n");
    const imported = [...text.matchAll(/(?:from|import\()\s*"([^".:][^":]*)"/g)].map(([, specifier]) =>
      specifier!
        .split("/")
        .slice(0, specifier!.startsWith("@") ? 2 : 1)
        .join("/"),
    );
    const manifest = packed.manifest(name);
    const declared = { ...manifest.dependencies, ...manifest.optionalDependencies, ...manifest.peerDependencies };
    // Of itself it only speaks, in the first DAG that it writes for others.
    const others = imported.filter((used) => used !== name && !builtinModules.includes(used));
    for (const used of new Set(others)) expect(declared, used).toHaveProperty([used]);
    for (const [ours, version] of Object.entries(declared)) if (names.includes(ours)) expect(version).toBe(manifest.version);
  });
});

it("has the monitor's pages, built, with all their files compressed", () => {
  const files = packed.files("@celeriac/flower").filter((path) => path.startsWith(join("dist", "web")));
  const document = readFileSync(join(packed.path, "node_modules/@celeriac/flower/dist/web/index.html"), "utf8");
  const named = [...document.matchAll(/"\.\/(assets\/[^"]+)"/g)].map(([, path]) => join("dist", "web", path!));
  expect(named.length).toBeGreaterThan(2);
  for (const path of named) for (const ending of ["", ".gz", ".br"]) expect(files).toContain(path + ending);
  const licenses = readFileSync(join(packed.path, "node_modules/@celeriac/flower/dist/web/licenses.md"), "utf8");
  for (const bundled of ["react", "react-dom", "uplot", "wouter"]) expect(licenses).toMatch(new RegExp(`^#+ ${bundled}\\b`, "m"));
  expect(files.filter((path) => /stamp|\.map$|\.tsx?$/.test(path))).toEqual([]);
});
