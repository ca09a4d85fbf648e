// A TypeDoc plugin: `this: void` is for linters, which are told so that a method may be taken off
// its object; no page needs to show it.

import { Converter } from "typedoc";

/** @param {import("typedoc").Application} app */
export function load(app) {
  app.converter.on(Converter.EVENT_CREATE_SIGNATURE, (_context, signature) => {
    signature.parameters = signature.parameters?.filter(({ name }) => name !== "this");
  });
}
