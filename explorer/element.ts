// <heap-explorer trace="git-log" at="5000" view="map">: the explorer in somebody's article.

const ATTRIBUTES = ["trace", "at", "view", "address", "abi", "glibc", "data", "script", "mark"];

/** The element: a frame with the explorer, at the place that its attributes say. */
class HeapExplorer extends HTMLElement {
  static readonly observedAttributes = ATTRIBUTES;
  readonly #frame = document.createElement("iframe");

  connectedCallback(): void {
    if (this.#frame.isConnected) return;
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    const style = document.createElement("style");
    style.textContent =
      ":host{display:block;height:760px}iframe{width:100%;height:100%;border:1px solid #8888}";
    this.#frame.title = this.title || "Heap explorer";
    this.#frame.loading = "lazy";
    this.#go();
    root.append(style, this.#frame);
  }

  attributeChangedCallback(): void {
    if (this.#frame.isConnected) this.#go();
  }

  #go(): void {
    const params = new URLSearchParams();
    for (const name of ATTRIBUTES) {
      const value = this.getAttribute(name);
      if (value !== null) params.set(name, value);
    }
    const address = new URL("index.html?embed", import.meta.url);
    address.hash = params.toString();
    if (this.#frame.src !== address.href) this.#frame.src = address.href;
  }
}

if (customElements.get("heap-explorer") === undefined)
  customElements.define("heap-explorer", HeapExplorer);
