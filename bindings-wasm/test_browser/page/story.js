// A story in a page: what it says.

export async function tell(path) {
  const lines = [];
  const { log } = console;
  console.log = (line) => lines.push(line);
  try {
    await import(path);
  } finally {
    console.log = log;
  }
  return lines.map((line) => `${line}\n`).join("");
}
