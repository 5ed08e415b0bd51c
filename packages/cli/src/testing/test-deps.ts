/** The dependencies that tasks find under test: what the test gave, and an error that says so for all else. */
import { CeleriacError } from "@celeriac/core";

/** What JavaScript itself, or a printer, asks of any object. */
const asked: ReadonlySet<string | symbol> = new Set(["then", "toJSON", "inspect", "$$typeof", "asymmetricMatch", "nodeType", "tagName"]);

/** `given` as it is, but that what it lacks throws TEST_DEPENDENCY: the app's own is not opened in a test. */
export function testDeps(given: object): object {
  return new Proxy(given, {
    get(target, key, receiver) {
      if (Reflect.has(target, key) || typeof key === "symbol" || asked.has(key)) return Reflect.get(target, key, receiver);
      throw new CeleriacError(
        "TEST_DEPENDENCY",
        `A task asked for deps.${key}, which this test did not give: testApp(app, { deps: { ${key}: … } })`,
      );
    },
  });
}
