// What the tests beside the real SDKs share: the misbehaving provider, and one request asked through a session.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { after, beforeEach, test } from "node:test";
import { classify, Policy, Session, tool } from "failsoft";

export { nobody } from "./places.mjs";

export const HI = [{ role: "user", content: "hi" }];

/**
 * The provider of `tests/provider`: a child of ours where FAILSOFT_PROVIDER_BIN names its binary, which ends when its
 * standard input is closed, so also if we die; else the one at the address in FAILSOFT_PROVIDER.
 */
export class Provider {
  static async begin() {
    const binary = process.env.FAILSOFT_PROVIDER_BIN;
    const provider = new Provider();
    if (binary === undefined) {
      provider.url = process.env.FAILSOFT_PROVIDER;
      assert(
        provider.url,
        "set FAILSOFT_PROVIDER_BIN or FAILSOFT_PROVIDER: cargo build --release -p failsoft-provider",
      );
      return provider;
    }
    provider.child = spawn(binary, ["--until-stdin-closes"], { stdio: ["pipe", "pipe", "inherit"] });
    for await (const line of createInterface({ input: provider.child.stdout })) {
      provider.url = line.split(" ").at(-1);
      return provider;
    }
    throw new Error("the provider did not come up");
  }

  close() {
    this.child?.stdin.end();
  }

  /** What each model does, one behaviour a request. Log and counters begin anew. */
  async script(models = {}) {
    await this.#send("/reset", {});
    await this.#send("/script", { models });
  }

  /** What each model does from now on; the log goes on. */
  async change(models) {
    await this.#send("/script", { models });
  }

  /** What it saw of a model, with bodies, oldest first. */
  async log(model) {
    const entries = await (await fetch(`${this.url}/log?bodies=true`)).json();
    return entries.filter((entry) => model === undefined || entry.model === model);
  }

  async #send(path, body) {
    const reply = await fetch(this.url + path, { method: "POST", body: JSON.stringify(body) });
    assert(reply.ok, await reply.text());
  }
}

/** A provider for the tests of one file. */
export async function provided() {
  const provider = await Provider.begin();
  beforeEach(() => provider.script());
  after(() => provider.close());
  return provider;
}

/** Asks through a session: the value that came, if any, and the error of each attempt. */
export async function attemptsOf(model, { messages = HI, timeout = 5000, maxAttempts = 1 } = {}) {
  const policy = new Policy({ attempt: { timeout }, retry: { maxAttempts } });
  const session = new Session({ policy, routes: ["primary"], sleep: () => {} });
  const errors = [];
  const request = async (attempt) => {
    try {
      return await model.ask(messages, [], attempt);
    } catch (error) {
      errors.push(error);
      throw error;
    }
  };
  try {
    return { value: await session.turn().call(request), errors };
  } catch (end) {
    // The loop may have been quicker to give up than the request was to notice.
    return { errors: errors.length > 0 ? [...errors] : [end.cause] };
  }
}

export function failureOf({ errors }) {
  assert.equal(errors.length, 1, errors);
  return classify(errors[0]);
}

/** One request, one failure: each row is what the provider does, and the kind and status that it must come out as. */
export function testFailures(provider, clientOf, make, rows) {
  for (const [name, [behaviour, kind, status]] of Object.entries(rows)) {
    test(`one request, one failure: ${name}`, async () => {
      await provider.script({ m: behaviour });
      const client = clientOf(provider.url);
      const failure = failureOf(await attemptsOf(make(client, "m")));
      assert.deepEqual([failure.kind, failure.status, failure.effect], [kind, status, "possible"]);
      assert.equal((await provider.log("m")).length, 1);
      assert.equal(client.maxRetries, 2, "the caller's client is left as it was");
    });
  }
}

export function status(code, error, headers = {}) {
  return { do: "status", status: code, body: { type: "error", error }, headers };
}

export function jsonBody(body) {
  return { do: "malformed_body", body: JSON.stringify(body), headers: { "content-type": "application/json" } };
}

export const multiply = tool(({ a, b }) => a * b, {
  name: "multiply",
  description: "Multiplies two whole numbers.",
  parameters: {
    type: "object",
    properties: { a: { type: "integer" }, b: { type: "integer" } },
    required: ["a", "b"],
    additionalProperties: false,
  },
});
