/** A list's filter and its address say the same. */
import { expect, it } from "vitest";
import { filterOf, narrowings, searchOf, taskQuery } from "../../../../packages/flower/src/web/api/task-filter.ts";

it("reads Flower's own links, and what is nothing as nothing", () => {
  expect(filterOf("?state=FAILURE").states).toEqual(["FAILURE"]);
  expect(filterOf("?state=FAILURE,RETRY&state=RETRY").states).toEqual(["FAILURE", "RETRY"]);
  expect(filterOf("?state=All&name=&from=soon")).toMatchObject({ states: [], name: undefined, from: undefined, sort: "-timestamp" });
});

it.each([
  "",
  "?state=FAILURE%2CRETRY&name=tasks.add&worker=w1%40box&queue=a%2Fb&from=1700000000&to=1700000060&search=args%3A%22a%3Cb%26c%2541%22&sort=name",
])("comes back from its address as it was: %s", (search) => {
  expect(searchOf(filterOf(search))).toBe(search);
  expect(filterOf(searchOf(filterOf(search)))).toEqual(filterOf(search));
});

it("asks the API for all of it, a page at a time", () => {
  const filter = filterOf("?state=FAILURE,RETRY&worker=w1%40box&after=x");
  expect(taskQuery(filter)).toMatchObject({ state: "FAILURE,RETRY", worker: "w1@box", after: "x", sort: "-timestamp", limit: 50 });
  expect(narrowings(filter)).toBe(1);
});
