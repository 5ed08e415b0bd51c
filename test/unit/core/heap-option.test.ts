/** Whether somebody has told Node how large a heap may be. */
import { heapOptionGiven } from "@celeriac/core/runtime";
import { afterEach, expect, it, vi } from "vitest";

afterEach(() => vi.unstubAllEnvs());

it.each([
  ["", false],
  ["--enable-source-maps --max-semi-space-size=64", false],
  ["--enable-source-maps --max-old-space-size=512", true],
  ["--max_old_space_size=512", true],
  ["--max-old-space-size-percentage=50", true],
  ["--max-heap-size=512", true],
])("NODE_OPTIONS=%j: %s", (options, given) => {
  vi.stubEnv("NODE_OPTIONS", options);
  expect(heapOptionGiven()).toBe(given);
});
