// The page in a real Chromium against a running demo world; the parts are in `page/`.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { closeBrowser, complaintsSoFar, openBrowser } from "./page/harness.mjs";
import "./page/weight.mjs";
import "./page/seeing.mjs";
import "./page/cameras.mjs";
import "./page/talking.mjs";
import "./page/crowds.mjs";
import "./page/listening.mjs";
import "./page/publishing.mjs";
import "./page/small.mjs";
import "./page/recovering.mjs";

before(openBrowser);
after(closeBrowser);

test("no_page_made_an_error_or_broke_the_policy", () => assert.deepEqual(complaintsSoFar(), []));
