// A program in an editor: it runs on a heap of its own, and its calls can be scrubbed.

/** The view. */
export function ProgramView() {
  return <p>…</p>;
}
