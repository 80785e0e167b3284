// What the hand-written types declare, read from their text: they are formatted, so that lines tell enough.

import { readFileSync } from "node:fs";

const MEMBER = /^ {2}(?:readonly )?(\w+)\??:/;

/** The text of one of the package's files of types. */
export function textOf(name) {
  return readFileSync(new URL(`../${name}`, import.meta.url), "utf8");
}

/** The names that exist at run time, as a file of types says. */
export function declared(text) {
  const names = [...text.matchAll(/^export (?:function|class|const) (\w+)/gm)].map(([, name]) => name);
  for (const [, name] of text.matchAll(/^export \* as (\w+) from/gm)) {
    names.push(name);
  }
  for (const [, list] of text.matchAll(/^export \{([^}]*)\} from/gm)) {
    names.push(...list.split(",").map((name) => name.trim()));
  }
  return [...new Set(names)].sort();
}

/** The interfaces with these names: each option with its type, the prose of its comment, its default and its example. */
export function options(text, isWanted) {
  const found = [];
  let holder;
  let comment;
  for (const line of text.split("\n")) {
    holder = /^export interface (\w+)/.exec(line)?.[1] ?? (line === "}" ? undefined : holder);
    if (/^ {2}\/\*\*/.test(line)) {
      comment = "";
    }
    if (comment !== undefined && /^ {2,3}(?:\/\*\*|\*)/.test(line)) {
      comment += `${line
        .replace(/^ +(?:\/\*\*|\*\/|\*)/, "")
        .replace(/\*\/$/, "")
        .trim()}\n`;
      continue;
    }
    const name = holder === undefined ? undefined : MEMBER.exec(line)?.[1];
    if (name !== undefined) {
      if (isWanted(holder)) {
        found.push({ holder, name, type: line.slice(line.indexOf(":") + 1).trim(), ...parts(comment ?? "") });
      }
      comment = undefined;
    }
  }
  return found;
}

function parts(comment) {
  const [prose, ...tags] = comment.split(/^@/m);
  const tag = (name) =>
    tags
      .find((one) => one.startsWith(`${name} `))
      ?.slice(name.length)
      .trim();
  return { prose: prose.replace(/\s+/g, " ").trim(), default: tag("default"), example: tag("example") };
}
