import { expect, it } from "vitest";
import type { History, TaskPage } from "../../../../packages/flower/src/server/history/history.ts";
import { withSearchLimit } from "../../../../packages/flower/src/server/security/search-limit.ts";

it("lets so many search at once, and all others ask", async () => {
  const waiting: ((page: TaskPage) => void)[] = [];
  const history = { tasks: () => new Promise<TaskPage>((resolve) => waiting.push(resolve)) } as unknown as History;
  const { tasks } = withSearchLimit(history, 2);
  const page = { sort: "timestamp", descending: true, limit: 1, from: 0 } as const;
  const search = { kind: "text", field: "any", text: "abc" } as const;
  const first = tasks({ ...page, search });
  const second = tasks({ ...page, search });
  await expect(tasks({ ...page, search })).rejects.toMatchObject({ status: 503 });
  const other = tasks(page);
  expect(waiting).toHaveLength(3);
  for (const answer of waiting) answer({ tasks: [], next: null, searched: null });
  await Promise.all([first, second, other]);
  const third = tasks({ ...page, search });
  waiting.at(-1)!({ tasks: [], next: null, searched: null });
  expect(await third).toMatchObject({ next: null });
});
