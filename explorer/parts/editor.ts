// The editor, which is loaded when a program is to be written.

import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { javascript } from "@codemirror/lang-javascript";
import { syntaxHighlighting } from "@codemirror/language";
import { EditorState } from "@codemirror/state";
import { EditorView, keymap, lineNumbers } from "@codemirror/view";
import { classHighlighter } from "@lezer/highlight";

const look = EditorView.theme({
  "&": { backgroundColor: "var(--back)", color: "var(--text)", fontSize: "0.88rem" },
  ".cm-content": { caretColor: "var(--text)", minHeight: "14rem" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  ".cm-gutters": { backgroundColor: "var(--raised)", color: "var(--dim)", border: "0" },
  "&.cm-focused": { outline: "2px solid var(--accent)" },
});

/** An editor of a program. @param change told of every new text */
export function makeEditor(
  parent: HTMLElement,
  text: string,
  isJavaScript: boolean,
  change: (text: string) => void,
): { destroy: () => void } {
  const extensions = [
    ...[lineNumbers(), history(), keymap.of([...defaultKeymap, ...historyKeymap])],
    ...(isJavaScript ? [javascript()] : []),
    ...[syntaxHighlighting(classHighlighter), look, EditorView.lineWrapping],
    EditorView.contentAttributes.of({ "aria-label": "program" }),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) change(update.state.doc.toString());
    }),
  ];
  return new EditorView({ parent, state: EditorState.create({ doc: text, extensions }) });
}
