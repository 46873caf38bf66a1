/** How a script and the test that runs it talk: settings as an argument, one line of JSON for each thing said. */
import { createInterface } from "node:readline/promises";

export const settings = JSON.parse(process.argv[2]);

/** Asks the test to sign a person in at `url`; resolves to where the browser was sent. */
export async function visit(url) {
  say({ visit: url.href });
  const lines = createInterface({ input: process.stdin });
  try {
    const { value } = await lines[Symbol.asyncIterator]().next();
    return new URL(value);
  } finally {
    lines.close();
  }
}

export function say(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
