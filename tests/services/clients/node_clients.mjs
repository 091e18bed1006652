// Makes the calls that it is told with a real library for Node, and tells how each ended.
// Standard input: {"library", "host", "key", "options", "calls": [[method, argument], ...]}; dates as {"$date": "..."}.
import { createRequire } from "node:module";
import { text } from "node:stream/consumers";

const require = createRequire(import.meta.url);
const { library, host, key, options, calls } = JSON.parse(await text(process.stdin), (_, value) =>
  value && typeof value === "object" && "$date" in value ? new Date(value.$date) : value,
);
const errors = [];

if (library === "analytics-node-next") {
  const { Analytics } = require("@segment/analytics-node");
  const analytics = new Analytics({ writeKey: key, host, ...options });
  analytics.on("error", (error) => errors.push(String(error.reason?.message ?? error.reason ?? error.code)));
  for (const [method, call] of calls) analytics[method](call);
  await analytics.closeAndFlush({ timeout: 20_000 });
} else {
  const Analytics = require("analytics-node");
  const errorHandler = (error) => errors.push(error.response ? `[${error.response.status}] ${error.response.data.message}` : error.message);
  const analytics = new Analytics(key, { host, errorHandler, ...options });
  const told = calls.map(([method, call]) => new Promise((resolve) => analytics[method](call, resolve)));
  await analytics.flush().catch(() => {});
  await Promise.all(told);
}
process.stdout.write(JSON.stringify({ errors }));
