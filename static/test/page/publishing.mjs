// The page of the channels: a form made from a schema, checked in the page and then by the server, and the visitor's token.
import assert from "node:assert/strict";
import { test } from "node:test";
import { mark, newVisitor, until, withPage } from "./harness.mjs";
import { newChannel, untilListening } from "./listening.mjs";

const SCHEMA = {
  type: "object",
  required: ["city", "celsius"],
  properties: {
    city: { type: "string", title: "City", pattern: "^[A-Z]", description: "With a capital letter." },
    celsius: { type: "number", minimum: -90, maximum: 60 },
    sky: { enum: ["clear", "rain"] },
  },
  additionalProperties: false,
};

// A browser writes each refusal of the server to its console.
const NOISY = { isQuiet: false };

const fate = (page, words) => until(page, (wanted) => document.getElementById("publish-fate").textContent.includes(wanted), words);
const complaint = (page, index) => page.textContent(`#field-${index}-wrong`);

async function identify(page, token) {
  await page.fill("#token", token);
  await page.press("#token", "Enter");
  await until(page, () => !document.getElementById("identified").hidden);
}

test("form_of_a_schema_publishes_what_fits_and_tells_what_does_not", async () => {
  const { agentId, token, path } = await newChannel({ schema: SCHEMA });
  await withPage(path, async (page) => {
    await untilListening(page);
    await until(page, () => !document.getElementById("schema-box").hidden);
    assert.equal(await page.isVisible("#publish"), false);
    await identify(page, token);
    assert.equal(await page.textContent("#identified-words"), `As ${agentId}.`);
    assert.deepEqual(await page.evaluate(() => [...document.querySelectorAll("#fields label bdi")].map((one) => one.textContent)), ["City", "celsius", "sky"]);

    await page.click("#send");
    await fate(page, "Not sent");
    assert.deepEqual([await complaint(page, 0), await complaint(page, 1), await complaint(page, 2)], ["is required", "is required", ""]);
    assert.equal(await page.evaluate(() => document.activeElement.id), "field-0");

    // The page does not match patterns; the server does, and its complaint is at its field.
    await page.fill("#field-0", "oslo");
    await page.fill("#field-1", "-3.5");
    await page.selectOption("#field-2", { label: "rain" });
    await page.click("#send");
    await fate(page, "Refused");
    assert.match(await complaint(page, 0), /does not match/);
    assert.equal(await page.getAttribute("#field-0", "aria-invalid"), "true");

    await page.fill("#field-0", "Oslo");
    await page.press("#field-0", "Enter");
    await fate(page, "Published.");
    await until(page, () => document.querySelector(".payload")?.textContent === '{"city":"Oslo","celsius":-3.5,"sky":"rain"}');
    assert.equal(await complaint(page, 0), "");

    await page.selectOption("#mode", "json");
    assert.equal(await page.inputValue("#payload"), '{"city":"Oslo","celsius":-3.5,"sky":"rain"}');
    await page.fill("#payload", '{"city":"Oslo","celsius":99}');
    await page.press("#payload", "Control+Enter");
    await until(page, () => document.getElementById("violations").textContent === "/celsius must be at most 60");
    await page.fill("#payload", '{"city":"Oslo","celsius":9,"wind":1}');
    await page.press("#payload", "Control+Enter");
    await until(page, () => document.getElementById("violations").textContent.includes("wind"));
  }, NOISY);
});

test("text_is_published_as_text_and_json_as_json", async () => {
  const { token } = await newVisitor();
  const channel = `public.${mark()}`;
  await withPage(`/channels/${channel}`, async (page) => {
    await untilListening(page);
    await identify(page, token);
    await page.fill("#payload", "hello\nthere");
    await page.click("#send");
    await until(page, () => document.querySelector(".payload")?.textContent === "hello\nthere");
    await page.selectOption("#mode", "json");
    await page.fill("#payload", "{");
    await page.click("#send");
    await until(page, () => document.getElementById("violations").textContent.includes("not JSON"));
    await page.fill("#payload", "[1, 2]");
    await page.click("#send");
    await until(page, () => [...document.querySelectorAll(".payload")].some((one) => one.textContent === "[1,2]"));
  });
});

test("token_is_kept_in_its_tab_only_and_forgotten_when_asked", async () => {
  const { token } = await newVisitor();
  await withPage("/channels/public.chat", async (page) => {
    await identify(page, token);
    await page.reload();
    await until(page, () => !document.getElementById("identified").hidden);
    const kept = await page.evaluate(() => [Object.values(sessionStorage), localStorage.length, document.cookie, location.href, document.getElementById("token").value]);
    assert.deepEqual([kept[0], kept[1], kept[2], kept[4]], [[token], 0, "", ""]);
    assert.ok(!kept[3].includes(token));
    assert.ok(!(await page.content()).includes(token), "it is nowhere in the page");
    await page.click("#forget");
    await until(page, () => !document.getElementById("identity").hidden && sessionStorage.length === 0);
    assert.equal(await page.isVisible("#publish"), false);
  });
});

test("token_that_the_server_refuses_is_told", () =>
  withPage(
    "/channels/public.chat",
    async (page) => {
      await untilListening(page);
      await page.fill("#token", "no token at all");
      await page.press("#token", "Enter");
      assert.match(await page.textContent("#token-help"), /not a token/);
      await identify(page, "nonsense");
      await page.fill("#payload", "hello");
      await page.click("#send");
      await fate(page, "Your token is not taken");
    },
    NOISY,
  ));
