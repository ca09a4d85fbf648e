// Node.js's modules as far as commands in a page need them. Whatever else they have is there by
// name, and says what is missing when it is called.

const files = require("./files.mjs");

/** A module of what there is; any other name is a function that cannot be called. */
function only(name, exports) {
  const rest = new Proxy(
    {},
    {
      get(_, key) {
        if (typeof key === "symbol" || key === "__esModule" || key === "then") return undefined;
        return function missing() {
          throw new Error(`${name}.${key} needs Node.js`);
        };
      },
    },
  );
  return Object.assign(Object.create(rest), exports);
}

const ESCAPES = /\u001b\[[0-9;]*m/g;

exports["node:fs"] = only("node:fs", files);
exports["node:path"] = only("node:path", require("path-browserify"));
exports["node:url"] = only("node:url", {
  fileURLToPath: (url) => decodeURIComponent(new URL(url).pathname),
  pathToFileURL: (file) => new URL(`file://${file}`),
  URL,
});
exports["node:util"] = only("node:util", {
  stripVTControlCharacters: (text) => text.replace(ESCAPES, ""),
});
exports["node:zlib"] = only("node:zlib", { gunzipSync: require("fflate").gunzipSync });
exports["node:events"] = require("events/events.js");
exports["node:process"] = globalThis.process;
exports.only = only;
