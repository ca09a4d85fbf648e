// The default theme, without fonts of its own, and what the site has besides: a live heap, and
// buttons below examples.

import DefaultTheme from "vitepress/theme-without-fonts";
import LiveHeap from "./LiveHeap.vue";
import RunBlock from "./RunBlock.vue";
import "./style.css";

export default {
  extends: DefaultTheme,
  enhanceApp({ app }) {
    app.component("LiveHeap", LiveHeap);
    app.component("RunBlock", RunBlock);
  },
};
