// What a call that works at once costs through the component, in Node, through jco: one `enter`, one `succeeded`.
// Prints nanoseconds a call; FAILSOFT_WIT_DIR is the folder that holds what jco made.

import { pathToFileURL } from "node:url";

const { machine } = await import(pathToFileURL(`${process.env.FAILSOFT_WIT_DIR}/failsoft.js`));
const { Admitted, Policy, Session, Turn } = machine;

const policy = Policy.fromJson("{}");
const session = Session.open(policy, '["primary", "backup"]', 1n, false);

function timed(name, times, work) {
  for (let round = 0; round < times / 10; round++) work(round);
  const begun = process.hrtime.bigint();
  for (let round = 0; round < times; round++) work(round);
  console.log(`${name}: ${Math.round(Number(process.hrtime.bigint() - begun) / times)} ns`);
}

const turn = new Turn(session, [], 0n);
timed("node: enter and succeeded", 20_000, (round) => {
  const now = BigInt(round);
  const { val } = turn.enter(now, undefined);
  Admitted.succeeded(val[1], now);
});

const looped = new Turn(session, [], 0n);
looped.next(0n);
timed("node: a poll that says wait", 50_000, () => looped.poll(0n));
timed("node: an event that is stale", 50_000, () => looped.handle(0n, { tag: "waited", val: 9 }));
