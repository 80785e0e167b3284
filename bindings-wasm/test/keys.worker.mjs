// A thread of `keys.test.mjs`, which has an engine of its own: hands out keys, or tells when it first asked for randomness.

import { parentPort, workerData } from "node:worker_threads";

const key = (attempt) => attempt.idempotencyKey;

const JOBS = {
  async keys() {
    const { Session } = await import(workerData.failsoft);
    const turn = new Session({ routes: ["a"] }).turn();
    return [await turn.call(key), await turn.call(key), await turn.call(key)];
  },

  async late() {
    const draw = crypto.getRandomValues.bind(crypto);
    let asked = 0;
    // As a Worker does at the scope of its modules.
    crypto.getRandomValues = () => {
      asked += 1;
      throw new Error("Disallowed operation called within global scope");
    };
    const { Agent, retrying, Session } = await import(workerData.failsoft);
    const session = new Session({ routes: ["a", "b"] });
    const agent = new Agent(() => ({ answer: "42" }));
    const twice = retrying(() => 1);
    const turn = session.turn();
    const answers = [await turn.call(() => 1), await twice(), (await agent.run("x")).answer];
    const before = asked;
    const refused = await turn.call(key).catch(({ message }) => message);
    crypto.getRandomValues = draw;
    return { answers, before, refused, key: await turn.call(key) };
  },
};

parentPort.postMessage(await JOBS[workerData.job]());
