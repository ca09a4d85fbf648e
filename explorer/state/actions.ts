// What people can do: open, go to a moment, select, filter, undo. Each change but the cursor's own
// moves is remembered, so that it can be undone.

import { batch, effect } from "@preact/signals";
import type { Filter } from "../model/filter.js";
import { hashOf, packed, placeOf, unpackedText, type Place } from "../model/link.js";
import type { Input, Machine, Opened } from "../model/types.js";
import { BASE, engine } from "./client.js";
import * as store from "./store.js";

/** What a link may hold itself, characters. */
const MOST_IN_LINK = 6000;
/** Changes closer than this are one, ms. */
const TOGETHER = 700;
const MOST_UNDONE = 200;

interface Stance {
  readonly at: number;
  readonly mark: number | undefined;
  readonly selected: number | undefined;
  readonly view: store.ViewName;
  readonly filter: Filter;
}

const past: Stance[] = [];
const future: Stance[] = [];
let lastRemembered = 0;
let lastKind = "";

function stance(): Stance {
  const { at, mark, selected, view, filter } = store;
  return {
    ...{ at: at.value, mark: mark.value, selected: selected.value },
    ...{ view: view.value, filter: filter.value },
  };
}

function take(one: Stance): void {
  batch(() => {
    store.at.value = Math.min(one.at, store.opened.value?.count ?? 0);
    store.mark.value = one.mark;
    store.selected.value = one.selected;
    store.view.value = one.view;
    store.filter.value = one.filter;
  });
}

function remember(kind: string): void {
  const now = performance.now();
  const isSame = kind === lastKind && now - lastRemembered < TOGETHER;
  lastRemembered = now;
  lastKind = kind;
  future.length = 0;
  if (isSame) return;
  past.push(stance());
  if (past.length > MOST_UNDONE) past.shift();
}

/** Takes the last change back. */
export function undo(): void {
  const before = past.pop();
  if (before === undefined) {
    say("nothing to undo");
    return;
  }
  future.push(stance());
  lastKind = "";
  take(before);
}

/** Makes what was undone again. */
export function redo(): void {
  const next = future.pop();
  if (next === undefined) return;
  past.push(stance());
  take(next);
}

/** Tells people who hear the page. */
export function say(text: string): void {
  store.spoken.value = text;
}

/** Goes to the moment after `count` operations. */
export function goTo(count: number): void {
  const most = store.opened.value?.count ?? 0;
  const next = Math.min(Math.max(0, Math.round(count)), most);
  if (next === store.at.value) return;
  remember("at");
  store.at.value = next;
}

/** Selects what lies at an address. */
export function select(address: number | undefined): void {
  if (address === store.selected.value) return;
  remember("select");
  store.selected.value = address;
}

/** Shows a view, with an address selected in it. */
export function show(view: store.ViewName, address?: number): void {
  remember("view");
  batch(() => {
    store.view.value = view;
    if (address !== undefined) store.selected.value = address;
  });
}

/** Changes the filter. */
export function setFilter(change: Partial<Filter>): void {
  remember("filter");
  store.filter.value = { ...store.filter.value, ...change };
}

/** Lets every chunk through again. */
export function clearFilter(): void {
  remember("filter");
  store.filter.value = {};
}

/** Puts the other cursor where the time is, or takes it away. */
export function setMark(count: number | undefined): void {
  remember("mark");
  store.mark.value = count;
}

/** Opens something; what goes wrong is shown, and what was open stays. */
export async function open(input: Input, place: Place = {}): Promise<boolean> {
  store.waiting.value = `opening ${input.name}`;
  store.problem.value = "";
  try {
    const machine = machineOf(place);
    const found = await engine().open(input, machine);
    const origin: store.Origin = {};
    if (input.kind === "bundled") origin.trace = input.name;
    if (input.kind === "script") origin.script = await packed(input.text);
    if (input.kind === "file" && found.text !== undefined) {
      const data = await packed(found.text);
      if (data.length <= MOST_IN_LINK) origin.data = data;
    }
    took(found, place, machine);
    store.origin.value = origin;
    return true;
  } catch (error) {
    store.problem.value = (error as Error).message;
    return false;
  } finally {
    store.waiting.value = "";
  }
}

function machineOf({ abi, glibc }: Place): Machine {
  const now = store.machine.value;
  return {
    abi: abi === "lp64" || abi === "ilp32" ? abi : now.abi,
    glibc: glibc !== undefined && /^2\.\d\d$/.test(glibc) ? glibc : now.glibc,
  };
}

/** Shows what the engine has opened. */
export function took(found: Opened, place: Place = {}, machine = store.machine.value): void {
  past.length = 0;
  future.length = 0;
  batch(() => {
    if (place.call !== undefined) store.tried.value = place.call;
    store.machine.value = machine;
    store.moment.value = undefined;
    store.opened.value = found;
    store.at.value = Math.min(place.at ?? found.count, found.count);
    store.mark.value = place.mark;
    store.selected.value = place.address;
    store.filter.value = place.filter ?? {};
    const known = store.VIEWS.find(([name]) => name === place.view);
    if (known !== undefined) store.view.value = known[0];
  });
  say(`${found.title} is open. ${found.sentence}`);
}

/** Goes to a place of what is open already. @returns whether it is what the place speaks of */
function isThere(place: Place): boolean {
  const { trace } = store.origin.value;
  const { abi, glibc } = store.machine.value;
  const isSame = trace !== undefined && place.trace === trace && store.opened.value !== undefined;
  if (!isSame || (place.abi ?? abi) !== abi || (place.glibc ?? glibc) !== glibc) return false;
  const known = store.VIEWS.find(([name]) => name === place.view)?.[0];
  remember("place");
  if (place.call !== undefined) store.tried.value = place.call;
  take({
    at: place.at ?? store.at.value,
    mark: place.mark,
    selected: place.address,
    view: known ?? store.view.value,
    filter: place.filter ?? {},
  });
  return true;
}

/** Opens what a link says; the first bundled trace where it says nothing. */
export async function openPlace(hash: string): Promise<void> {
  const place = placeOf(hash);
  if (isThere(place)) return;
  const text = async (data: string): Promise<string | undefined> => {
    try {
      return await unpackedText(data);
    } catch (error) {
      store.problem.value = `the link is damaged: ${(error as Error).message}`;
      return undefined;
    }
  };
  if (place.file !== undefined) {
    const found = await served(place.file);
    if (found !== undefined && (await open({ kind: "file", ...found }, place))) {
      store.origin.value = { file: place.file };
      return;
    }
  } else if (place.data !== undefined) {
    const trace = await text(place.data);
    const bytes = trace === undefined ? undefined : new TextEncoder().encode(trace);
    if (bytes !== undefined && (await open({ kind: "file", name: "linked.rep", bytes }, place)))
      return;
  } else if (place.script !== undefined) {
    const script = await text(place.script);
    if (
      script !== undefined &&
      (await open({ kind: "script", name: "from a link", text: script }, place))
    )
      return;
  }
  const said = store.problem.value;
  const name = place.trace ?? store.traces.value[0] ?? "git-log";
  await open({ kind: "bundled", name }, { ...FIRST, ...place });
  if (said !== "") store.problem.value = said;
}

/** A file of the explorer's own server. @returns undefined, and tells why, where there is none */
async function served(path: string): Promise<{ name: string; bytes: Uint8Array } | undefined> {
  const url = new URL(path, BASE);
  const name = decodeURIComponent(url.pathname.slice(url.pathname.lastIndexOf("/") + 1));
  try {
    if (!url.href.startsWith(BASE)) throw new Error("it is not beside the explorer");
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(`the server says ${answer.status}`);
    return { name, bytes: new Uint8Array(await answer.arrayBuffer()) };
  } catch (error) {
    store.problem.value = `${path}: ${(error as Error).message}`;
    return undefined;
  }
}

/** Where the first screen begins: in the middle of things. */
const FIRST: Place = { at: 5000, view: "map" };

/** The link to what is shown. */
export function link(): string {
  const { at, mark, selected, view, filter } = stance();
  const { abi, glibc } = store.machine.value;
  const hash = hashOf({
    ...store.origin.value,
    ...{ at, mark, view, filter, address: selected },
    ...(view === "try" && { call: store.tried.value }),
    ...(abi === "ilp32" ? {} : { abi }),
    ...(glibc === "2.36" ? {} : { glibc }),
  });
  const { origin, pathname, search } = location;
  return `${origin}${pathname}${search}#${hash}`;
}

/** Keeps the address bar up to date. */
export function followLink(): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  effect(() => {
    const address = link();
    if (store.opened.value === undefined) return;
    clearTimeout(timer);
    timer = setTimeout(() => history.replaceState(null, "", address), 250);
  });
}

/** Reads the heap at the cursor, the last wanted moment first. */
export function followCursor(): void {
  let isAsking = false;
  let wanted: { at: number; what: Opened } | undefined;
  const ask = async (): Promise<void> => {
    isAsking = true;
    while (wanted !== undefined) {
      const now = wanted;
      wanted = undefined;
      try {
        const moment = await engine().moment(now.at);
        if (store.opened.value === now.what) store.moment.value = moment;
      } catch (error) {
        store.problem.value = (error as Error).message;
      }
    }
    isAsking = false;
  };
  effect(() => {
    const what = store.opened.value;
    const at = store.at.value;
    if (what === undefined) return;
    wanted = { at, what };
    if (!isAsking) void ask();
  });
}
