// Puts what runs a block behind each block of code, for VitePress.

import { planOf } from "./plan.mjs";

const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");

/** @param {import("markdown-it")} md */
export function runnable(md) {
  const { fence } = md.renderer.rules;
  md.renderer.rules.fence = (tokens, index, options, env, self) => {
    const html = fence(tokens, index, options, env, self);
    const { info, content } = tokens[index];
    env.examples ??= [];
    const plan = planOf(info.trim().split(/[\s{:]/)[0], content, env.examples);
    if (plan === undefined) return html;
    if (plan.note !== undefined) return `${html}<p class="run-note">${plan.note}</p>\n`;
    return `${html}<RunBlock plan="${escaped(JSON.stringify(plan))}" />\n`;
  };
}
