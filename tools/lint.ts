/** `npm run lint`, second half: the rules of the house over every source file. Ends with 1 when one is broken. */
import { fileURLToPath } from "node:url";
import { readProject } from "./lint/project.ts";
import { rules } from "./lint/rules.ts";

const project = readProject(fileURLToPath(new URL("..", import.meta.url)));
const findings = rules.flatMap((rule) => [...rule.check(project)].map((finding) => ({ ...finding, rule: rule.name })));
const errors = findings.filter((finding) => finding.isWarning !== true);

for (const { path, line, rule, message, isWarning } of findings)
  console.log(`${path}:${line} ${isWarning === true ? "warning" : "error"} ${rule}: ${message}`);
console.log(`${project.files.length} files, ${rules.length} rules: ${errors.length} errors, ${findings.length - errors.length} warnings`);
if (errors.length > 0) process.exitCode = 1;
