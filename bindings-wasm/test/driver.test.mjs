// The host loops replay the same scripts as those of the other languages, on virtual time.

import { test } from "node:test";
import * as failsoft from "failsoft";
import { tests } from "../../tests/js/driver.mjs";
import { files } from "../../tests/js/files.mjs";

for (const [name, holds] of tests(failsoft, files())) {
  test(name, holds);
}
