// The browsers of this machine: where they are looked for, and how one is started without a window
// that does nothing of its own accord, least of all on the network. For tests and benchmarks.

/**
 * Where each is looked for, the first that is there counts.
 * @type {Readonly<Record<"chromium" | "firefox", readonly string[]>>}
 */
export const BROWSER_PLACES = {
  chromium: [
    process.env.CHROMIUM_PATH ?? "",
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  ],
  firefox: [
    process.env.FIREFOX_PATH ?? "",
    "/usr/bin/firefox-esr",
    "/usr/bin/firefox",
    "/Applications/Firefox.app/Contents/MacOS/firefox",
  ],
};

/** For a Chromium that does nothing of its own accord. */
export const CHROMIUM_FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/**
 * @param {"chromium" | "firefox"} browser
 * @param {string} profile an empty folder
 * @param {string} url the page to open
 * @returns {string[]} the arguments of its program
 */
export function browserArguments(browser, profile, url) {
  if (browser === "firefox") return ["--headless", "--no-remote", "--profile", profile, url];
  return ["--headless=new", ...CHROMIUM_FLAGS, `--user-data-dir=${profile}`, url];
}
