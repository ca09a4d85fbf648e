// The script of the sandbox, a frame of an origin of its own that may load nothing: it starts the
// worker that runs the program, and hands on what it says.

declare const RUNTIME: string;

addEventListener("message", ({ data }: MessageEvent<unknown>) => {
  const url = URL.createObjectURL(new Blob([RUNTIME], { type: "text/javascript" }));
  const worker = new Worker(url);
  worker.onmessage = (event) => parent.postMessage(event.data, "*");
  worker.onerror = (event) => parent.postMessage({ kind: "end", failure: event.message }, "*");
  worker.postMessage(data);
});
parent.postMessage({ kind: "ready" }, "*");
