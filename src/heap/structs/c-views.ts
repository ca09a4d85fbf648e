// Structs and arrays in memory as objects: a struct's field is a property that reads and writes the
// memory at the offset where C has it. Nothing is kept here but where it is, so that nothing goes
// stale when the memory grows.

import { checkInteger, show } from "../../base/checks.js";
import { bufferReaching } from "../../layout/views.js";
import type { Mem } from "../../layout/address.js";
import type { ArrayNode, Member, Node, StructNode, TextNode } from "./c-layout.js";
import { dispose } from "../../base/dispose.js";
import { addressOf, Handle, type HandleHeap } from "../handle.js";
import type { Lease } from "../leases.js";
import { checkCText, decode, encodeInto } from "../text.js";

/** Where something is: `shift` bytes into the block that the lease tells. */
export interface Place {
  readonly heap: HandleHeap;
  readonly lease: Lease;
  readonly shift: number;
  /**
   * The view that owns the block: as long as part of it is used, the collector must not free the
   * whole.
   */
  readonly owner: object | undefined;
}

/** @returns the address of what is `offset` bytes on @throws FreedBlockError naming `call` */
function addressAt({ lease, shift }: Place, offset: number, call: string): Mem {
  return addressOf(lease, call) + shift + offset;
}

function moved(place: Place, offset: number): Place {
  return { ...place, shift: place.shift + offset };
}

/** What is at a place: a value, or a view of it. */
function valueAt(node: Node, place: Place, offset: number, name: string): unknown {
  switch (node.kind) {
    case "scalar": {
      const address = addressAt(place, offset, name);
      return node.scalar.read(place.heap.access(name, address, node.size, "read"), address);
    }
    case "text":
      return textAt(node, place, offset, name);
    case "array":
      return new ArrayView(node, moved(place, offset));
    case "struct":
      return new (viewOf(node))(moved(place, offset));
  }
}

function bytesAt(
  node: TextNode,
  place: Place,
  offset: number,
  name: string,
  kind: "read" | "write",
) {
  const address = addressAt(place, offset, name);
  place.heap.access(name, address, node.size, kind);
  const buffer = bufferReaching(place.heap.memory, address + node.size);
  return new Uint8Array(buffer, address, node.size);
}

function textAt(node: TextNode, place: Place, offset: number, name: string): string {
  const bytes = bytesAt(node, place, offset, name, "read");
  const nul = bytes.indexOf(0);
  return decode(name, nul < 0 ? bytes : bytes.subarray(0, nul));
}

/** A place's value as plain numbers, strings, arrays and objects. */
function copyAt(node: Node, place: Place, offset: number, name: string): unknown {
  const value = valueAt(node, place, offset, name);
  if (node.kind === "array") return (value as ArrayView).toArray();
  return node.kind === "struct" ? (value as View).$get() : value;
}

/** Sets what is at a place. @throws TypeError, RangeError that begin with `name` */
function assignAt(node: Node, place: Place, offset: number, name: string, value: unknown): void {
  switch (node.kind) {
    case "scalar": {
      node.scalar.check(name, value);
      const address = addressAt(place, offset, name);
      node.scalar.write(place.heap.access(name, address, node.size, "write"), address, value);
      return;
    }
    case "text": {
      checkCText(name, value);
      const bytes = bytesAt(node, place, offset, name, "write");
      bytes.fill(0, encodeInto(name, bytes, value));
      return;
    }
    case "array":
      return (valueAt(node, place, offset, name) as ArrayView).assign(value as Iterable<unknown>);
    case "struct":
      return (valueAt(node, place, offset, name) as View).$set(value as object);
  }
}

/** What Node.js prints of an object. */
const INSPECT = /* @__PURE__ */ Symbol.for("nodejs.util.inspect.custom");

let placeOf: (view: View) => Place;

/** A struct in memory; classes with its fields are derived from this. */
abstract class View {
  readonly #place: Place;
  readonly #members: readonly Member[];

  static {
    placeOf = (view) => view.#place;
  }

  constructor(place: Place, members: readonly Member[]) {
    this.#place = place;
    this.#members = members;
  }

  get $address(): Mem {
    return addressAt(this.#place, 0, "$address");
  }

  $get(): object {
    const entries = this.#members.map(({ name, node, offset }) => [
      name,
      copyAt(node, this.#place, offset, name),
    ]);
    return Object.fromEntries(entries) as object;
  }

  $set(values: object): void {
    if (typeof values !== "object" || values === null)
      throw new TypeError(`$set: values must be an object of fields, got ${show(values)}`);
    const members = new Map(this.#members.map((member) => [member.name, member]));
    for (const [name, value] of Object.entries(values)) {
      const member = members.get(name);
      if (member === undefined) throw new TypeError(`$set: there is no field ${show(name)}`);
      assignAt(member.node, this.#place, member.offset, `field "${name}"`, value);
    }
  }

  [INSPECT](): unknown {
    return this.#place.lease.address === 0 ? "[freed]" : this.$get();
  }
}

/** A view's class. */
type ViewClass = new (place: Place) => View;

const classes = new WeakMap<StructNode, ViewClass>();

/** @returns the class of the struct's views, with a property for each field */
export function viewOf(node: StructNode): ViewClass {
  const known = classes.get(node);
  if (known !== undefined) return known;
  const { members } = node;
  class StructView extends View {
    constructor(place: Place) {
      super(place, members);
    }
  }
  for (const member of members) defineField(StructView.prototype, member);
  classes.set(node, StructView);
  return StructView;
}

function defineField(prototype: object, { name, offset, node }: Member): void {
  const label = `field "${name}"`;
  const property =
    node.kind === "scalar"
      ? scalarProperty(label, offset, node.size, node.scalar)
      : {
          get(this: View) {
            return valueAt(node, placeOf(this), offset, label);
          },
          set(this: View, value: unknown) {
            assignAt(node, placeOf(this), offset, label, value);
          },
        };
  Object.defineProperty(prototype, name, { ...property, enumerable: true });
}

/** The same as for other fields, without the switch: this is what is called in loops. */
function scalarProperty(
  label: string,
  offset: number,
  size: number,
  { read, write, check }: Extract<Node, { kind: "scalar" }>["scalar"],
): PropertyDescriptor {
  return {
    get(this: View) {
      const place = placeOf(this);
      const address = addressAt(place, offset, label);
      return read(place.heap.access(label, address, size, "read"), address);
    },
    set(this: View, value: unknown) {
      check(label, value);
      const place = placeOf(this);
      const address = addressAt(place, offset, label);
      write(place.heap.access(label, address, size, "write"), address, value);
    },
  };
}

/** An array in memory. */
export class ArrayView {
  readonly #node: ArrayNode;
  readonly #place: Place;

  constructor(node: ArrayNode, place: Place) {
    this.#node = node;
    this.#place = place;
  }

  get address(): Mem {
    return addressAt(this.#place, 0, "address");
  }

  get length(): number {
    return this.#node.count;
  }

  get(index: number): unknown {
    return valueAt(this.#node.element, this.#place, this.#offset("get", index), `[${index}]`);
  }

  set(index: number, value: unknown): void {
    const offset = this.#offset("set", index);
    assignAt(this.#node.element, this.#place, offset, `element [${index}]`, value);
  }

  assign(values: Iterable<unknown>): void {
    if (typeof (values as Partial<Iterable<unknown>> | null)?.[Symbol.iterator] !== "function")
      throw new TypeError(`assign: values must be iterable, got ${show(values)}`);
    const list = [...values];
    if (list.length > this.length)
      throw new RangeError(`assign: ${list.length} values for ${this.length} elements`);
    list.forEach((value, index) => this.set(index, value));
  }

  toArray(): unknown[] {
    const { element } = this.#node;
    return Array.from({ length: this.length }, (_, index) =>
      copyAt(element, this.#place, index * element.size, `[${index}]`),
    );
  }

  *[Symbol.iterator](): Generator<unknown> {
    for (let index = 0; index < this.length; index++) yield this.get(index);
  }

  [INSPECT](): unknown {
    return this.toArray();
  }

  #offset(call: string, index: number): number {
    checkInteger(`${call}: index`, index, { min: 0, max: this.length - 1 });
    return index * this.#node.element.size;
  }
}

/** Makes a view the owner of the block that it is in: adds what frees it, under these names. */
export function makeOwner<T extends object>(
  view: T,
  place: Place,
  free: string,
  release: string,
): T {
  const { heap, lease } = place;
  const handle = new Handle(heap, lease);
  Object.defineProperties(view, {
    [free]: { value: () => handle.free() },
    [release]: { value: () => handle.release() },
    [dispose]: { value: () => handle.free() },
  });
  (place as { owner: object }).owner = view;
  heap.guard(view, lease);
  return view;
}
