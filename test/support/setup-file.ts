/** Vitest's setup of each test file of the projects whose files share a process. */
import { endWithFile } from "./end-of-file.ts";

endWithFile();
