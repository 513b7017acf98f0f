import assert from "node:assert/strict";
import { test } from "node:test";
import { readAddress, writeAddress, type Address } from "../src/world/address";

const NOTHING: Address = { region: null, agent: null, mode: null, x: null, y: null };

test("addresses_name_regions_agents_and_cameras", () => {
  assert.deepEqual(readAddress("/watch/plaza", ""), { ...NOTHING, region: "plaza" });
  assert.deepEqual(readAddress("/watch/agent/alice", "?mode=first_person"), { ...NOTHING, agent: "alice", mode: "first_person" });
  assert.deepEqual(readAddress("/watch/plaza/", "?mode=free&x=12&y=80.5"), { ...NOTHING, region: "plaza", mode: "free", x: 12, y: 80.5 });
  assert.deepEqual(readAddress("/", ""), NOTHING);
});

test("address_that_is_written_reads_the_same", () => {
  for (const address of [
    { ...NOTHING, region: "größe/ 東京" },
    { ...NOTHING, agent: "alice", mode: "first_person" as const },
    { ...NOTHING, region: "main", mode: "free" as const, x: 120, y: 8 },
  ]) {
    const url = new URL(writeAddress(address), "http://x");
    assert.deepEqual(readAddress(url.pathname, url.search), address);
  }
});

test("usual_camera_is_left_out_of_the_address", () => {
  assert.equal(writeAddress({ ...NOTHING, region: "main", mode: "overview" }), "/watch/main");
  assert.equal(writeAddress({ ...NOTHING, agent: "alice", mode: "follow", region: "main" }), "/watch/agent/alice");
});

test("senseless_addresses_name_nothing", () => {
  assert.deepEqual(readAddress("/watch/%E0%A4%A", "?mode=constructor&x=NaN&y=3"), NOTHING);
  assert.deepEqual(readAddress(`/watch/${"a".repeat(300)}`, "?x=&y="), NOTHING);
  assert.deepEqual(readAddress("/watch/agent/a/b", "?x=5"), NOTHING);
});
