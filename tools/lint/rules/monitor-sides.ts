/** The monitor's server and web sides share only the shapes between them. */
import { packageSources, type Rule } from "../rule.ts";

const mayImport: Readonly<Record<string, readonly string[]>> = { web: ["web", "shared"], server: ["server", "shared"], shared: ["shared"] };

export const monitorSides: Rule = {
  name: "monitor-sides",
  *check(project) {
    for (const { path, imports } of packageSources(project)) {
      const side = sideOf(path);
      for (const { target, specifier, line } of imports) {
        const other = target === null ? null : sideOf(target);
        if (side === null || other === null || mayImport[side]?.includes(other) !== false) continue;
        yield { path, line, message: `${specifier}: flower/${side} must not import flower/${other}` };
      }
    }
  },
};

function sideOf(path: string): string | null {
  return /^packages\/flower\/src\/(web|server|shared)\//.exec(path)?.[1] ?? null;
}
