// Bundles the pages into `dist/`, which the server embeds. Nothing inline: they run under a strict
// Content-Security-Policy.
import { build } from "esbuild";
import { copyFile, mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "dist");

await rm(dist, { recursive: true, force: true });
await mkdir(dist, { recursive: true });
await build({
  entryPoints: { app: join(here, "src/main.ts"), channels: join(here, "src/channels.ts") },
  outdir: dist,
  bundle: true,
  minify: true,
  format: "iife",
  target: ["chrome100", "firefox100", "safari15.4"],
  legalComments: "none",
  logLevel: "warning",
});
for (const file of ["index.html", "channels.html", "base.css", "style.css", "channels.css", "icon.svg"]) {
  await copyFile(join(here, file), join(dist, file));
}
console.log("static/dist is built");
