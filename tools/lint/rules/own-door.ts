/** No file imports a door of its own package, by path or by name: that is how circles begin. */
import { packageSources, type Rule } from "../rule.ts";

export const ownDoor: Rule = {
  name: "own-door",
  *check(project) {
    for (const { path, pkg, imports } of packageSources(project))
      for (const { target, specifier, line } of imports) {
        const isOwnDoor = target !== null && project.doors.has(target) && target.startsWith(`packages/${pkg}/`);
        if (isOwnDoor) yield { path, line, message: `${specifier} is a door of this package: import the file that has what you need` };
      }
  },
};
