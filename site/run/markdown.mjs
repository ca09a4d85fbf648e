// Puts what runs a block behind each block of code, for VitePress.

import { planOf } from "./plan.mjs";

const escaped = (text) =>
  text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");

/** What a command prints is no program, and colours would only mislead; nobody knows the other. */
const PLAIN = new Set(["console", "capnp"]);

/** @param {import("markdown-it")} md */
export function runnable(md) {
  const { fence } = md.renderer.rules;
  // An indented block is one without a language: it can be scrolled like the others.
  md.renderer.rules.code_block = (tokens, index, ...rest) => {
    tokens[index].info = "text";
    return fence(tokens, index, ...rest);
  };
  md.renderer.rules.fence = (tokens, index, options, env, self) => {
    const { info, content } = tokens[index];
    const [language] = info.trim().split(/[\s{:]/);
    if (PLAIN.has(language)) tokens[index].info = "text";
    const html = fence(tokens, index, options, env, self);
    tokens[index].info = info;
    env.examples ??= [];
    const plan = planOf(language, content, env.examples);
    if (plan === undefined) return html;
    if (plan.note !== undefined) return `${html}<p class="run-note">${plan.note}</p>\n`;
    return `${html}<RunBlock plan="${escaped(JSON.stringify(plan))}" />\n`;
  };
}
