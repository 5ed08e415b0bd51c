/** A package of others that stands for one concern is imported only where that concern lives. */
import { packageSources, type Rule } from "../rule.ts";
import { packageName } from "./package-arrows.ts";

const core = "^packages/core/src/";

const homes: Readonly<Record<string, RegExp>> = {
  ioredis: new RegExp(`${core}(?:redis/|(?:brokers|backends|coordinators|schedule-stores)/redis)`),
  amqplib: new RegExp(`${core}(?:amqp/|brokers/amqp|backends/(?:rpc|reply))`),
  libsql: new RegExp(`${core}sqlite/`),
  pg: new RegExp(`${core}(?:postgres/|(?:backends|coordinators)/postgres)|^packages/airflow-bridge/src/`),
  "prom-client": /^packages\/(?:(?:worker|beat)\/src\/probes|flower\/src\/server\/metrics)\//,
  "yargs-parser": /^packages\/cli\//,
  fastify: /^packages\/flower\/src\/server\//,
  react: /^packages\/flower\/src\/web\//,
};

export const thirdPartyHomes: Rule = {
  name: "third-party-homes",
  *check(project) {
    for (const { path, imports } of packageSources(project))
      for (const { specifier, line } of imports) {
        const name = packageName(specifier);
        const home = Object.hasOwn(homes, name) ? homes[name] : undefined;
        if (home !== undefined && !home.test(path))
          yield { path, line, message: `${name} is imported only where it lives: ${home.source}` };
      }
  },
};
