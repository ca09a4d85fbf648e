// A stock Firefox, which Playwright drives over WebDriver BiDi.

import { firefox, type Browser } from "playwright-core";

/** Firefox's preference for the scheme that pages are told: 0 is dark, 1 light. */
const SCHEME = "layout.css.prefers-color-scheme.content-override";
/** A command that Playwright sends for each page, and that Firefox ESR does not know yet. */
const UNKNOWN = "emulation.setMediaFeaturesOverride";

/** Sends commands to the browser. */
interface Session {
  send(method: string, params: unknown): Promise<unknown>;
}

/** What Playwright has behind a browser, in the same process. */
interface Inside {
  readonly _connection: { toImpl(one: unknown): { readonly _browserSession: Session } };
}

/** Answers the unknown command in Firefox's place: the preference has done what it asks for. */
function answerUnknown(browser: Browser): void {
  const { _browserSession } = (browser as unknown as Inside)._connection.toImpl(browser);
  const sessions = Object.getPrototypeOf(_browserSession) as Session & { isPatched?: true };
  if (sessions.isPatched) return;
  sessions.isPatched = true;
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its session below
  const { send } = sessions;
  sessions.send = function (this: Session, method, params) {
    return method === UNKNOWN ? Promise.resolve({}) : send.call(this, method, params);
  };
}

/** Starts it. @param colorScheme for all of its pages */
export async function launchFirefox(
  executablePath: string,
  colorScheme: "light" | "dark",
): Promise<Browser> {
  const browser = await firefox.launch({
    channel: "moz-firefox",
    executablePath,
    firefoxUserPrefs: { [SCHEME]: colorScheme === "dark" ? 0 : 1 },
  });
  answerUnknown(browser);
  return browser;
}
