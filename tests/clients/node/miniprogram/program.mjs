// The example's own files, run as WeChat runs them: App, Page and Component take what each file
// says, and a page gets its events.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { opened } from "./journey.mjs";

export const ROOT = fileURLToPath(
  new URL("../../../../docs/examples/miniprogram/", import.meta.url),
);
const require = createRequire(import.meta.url);

export const read = (path) => readFileSync(ROOT + path, "utf8");
export const there = (path) => existsSync(ROOT + path);

/** A page or component in the making: data, setData and its own functions. */
function alive(definition) {
  const one = {
    ...definition,
    ...definition.methods,
    data: structuredClone(definition.data ?? {}),
  };
  one.setData = (values) => {
    Object.assign(one.data, values);
  };
  return one;
}

/** The program on a phone. `open(path)` gives the page, `sheet` the one in front. */
export class Program {
  shown = []; // toasts
  went = []; // where the program navigated

  constructor(changes = {}) {
    Object.assign(this, opened(changes));
    for (const name of Object.keys(require.cache))
      if (name.startsWith(ROOT)) delete require.cache[name];
    require.cache[`${ROOT}account.js`] = {
      id: `${ROOT}account.js`,
      loaded: true,
      exports: this.client,
    };
    globalThis.wx = {
      ...this.phone.wx,
      showToast: ({ title }) => this.shown.push(title),
      navigateBack: () => this.went.push("back"),
      reLaunch: ({ url }) => this.went.push(url),
    };
    globalThis.Page =
      globalThis.App =
      globalThis.Component =
        (definition) => {
          this.last = definition;
        };
    this.#run("components/privacy/privacy");
    this.sheet = alive(this.last);
    this.last.lifetimes.attached.call(this.sheet);
  }

  open(path) {
    this.#run(path);
    return alive(this.last);
  }

  #run(path) {
    delete require.cache[`${ROOT}${path}.js`];
    require(`${ROOT}${path}.js`);
  }
}

/** The page of the code, opened by scanning it. */
export async function scans(computer, changes) {
  const program = new Program(changes);
  const page = program.open("pages/scan/scan");
  await page.onLoad({ scene: encodeURIComponent(computer.scene) });
  return { program, page };
}

/** The form of the page was sent, with what was typed. */
export const sent = (value = {}) => ({ detail: { value } });
