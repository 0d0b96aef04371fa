// The module itself: its types name what it has, and it is whole under every loader.
import assert from "node:assert/strict";
import { readFile, writeFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { opened } from "./journey.mjs";

const UTILS = fileURLToPath(
  new URL("../../../../docs/examples/miniprogram/utils/", import.meta.url),
);
const [source, types] = await Promise.all(
  ["wxlogin.js", "wxlogin.d.ts"].map((file) => readFile(UTILS + file, "utf8")),
);

/** The names in an interface of wxlogin.d.ts. */
function named(name) {
  const [, body] = new RegExp(`export interface ${name} {(.*?)\n}`, "s").exec(types);
  return [...body.matchAll(/^ {2}(\w+)\??[(:<]/gm)].map(([, member]) => member).sort();
}

test("the types name what the client has, and nothing else", () => {
  const { client } = opened();
  assert.deepEqual(named("Client"), Object.keys(client).sort());
  assert.deepEqual(named("Scan"), Object.keys(client.scan).sort());
});

test("the types name every option and every outcome", () => {
  for (const name of named("Options"))
    assert.match(source, new RegExp(`options\\.${name}\\b|\\{ ${name} \\} = options`), name);
  for (const [, name] of source.matchAll(/\boptions\.(\w+)/g))
    assert.ok(named("Options").includes(name), name);
  const [, outcomes] = /type Outcome =(.*?);/s.exec(types);
  const [, sentences] = /const SENTENCES = {(.*?)\n};/s.exec(source);
  const words = (text, pattern) => [...text.matchAll(pattern)].map(([, word]) => word).sort();
  assert.deepEqual(words(outcomes, /'(\w+)'/g), words(sentences, /^ {2}(\w+):/gm));
  for (const [, name] of source.matchAll(/failure\('(\w+)'/g))
    assert.ok(outcomes.includes(`'${name}'`), name);
});

test("both documents say what to do about every outcome", async () => {
  const [, outcomes] = /type Outcome =(.*?);/s.exec(types);
  for (const page of ["miniprogram.md", "miniprogram.zh-CN.md"]) {
    const text = await readFile(`${UTILS}../../../${page}`, "utf8");
    for (const [, name] of outcomes.matchAll(/'(\w+)'/g))
      assert.match(text, new RegExp(`^\\| \`${name}\``, "m"), `${page}: ${name}`);
  }
});

test("it needs nothing but what it is given", () => {
  const code = source.replace(/^\s*(\/\/|\*|\/\*\*).*$/gm, "");
  assert.doesNotMatch(
    code,
    /require\(|\bimport\b|\bcrypto\b|\bwindow\b|\bprocess\b|globalThis|\bfetch\(/,
  );
});

test("with its last line changed as it says, it is an ES module", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "wxlogin-"));
  t.after(() => rm(folder, { recursive: true }));
  const line =
    /^\/\/ Where a bundler wants ES modules.*: (export \{.*\};)\nmodule\.exports = .*;\n$/m;
  const [whole, exported] = line.exec(source);
  await writeFile(join(folder, "wxlogin.mjs"), source.replace(whole, `${exported}\n`));
  const { createClient } = await import(pathToFileURL(join(folder, "wxlogin.mjs")));
  assert.deepEqual(
    Object.keys(createClient({ wx: {}, baseUrl: "https://a.example", app: "mp" })),
    Object.keys(opened().client),
  );
});
