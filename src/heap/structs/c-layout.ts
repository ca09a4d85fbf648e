// Where C puts the members of a struct: each at the next multiple of its alignment, the whole
// rounded up to the greatest alignment. What the ABIs differ in is how wide a pointer is, and that
// i386 aligns members of 8 bytes to 4 (System V ABI, Intel386 supplement, table 3.1).

import { checkChoice, checkInteger, show } from "../../base/checks.js";
import type {
  Definition,
  EnumType,
  FieldType,
  NestedType,
  StructAbi,
  StructOptions,
} from "./c-types.js";
import { scalars, type Scalar, type ScalarName } from "./scalars.js";

/** A field's type, with all that follows from the ABI. */
export type Node = ScalarNode | TextNode | ArrayNode | StructNode;

interface Sized {
  /** Bytes. */
  readonly size: number;
  /** Bytes, a power of two. */
  readonly alignment: number;
}

/** One value. */
export interface ScalarNode extends Sized {
  readonly kind: "scalar";
  readonly scalar: Scalar<unknown>;
}

/** Text in a fixed number of bytes. */
export interface TextNode extends Sized {
  readonly kind: "text";
}

/** Equal elements, one after the other. */
export interface ArrayNode extends Sized {
  readonly kind: "array";
  readonly element: Node;
  readonly count: number;
}

/** A struct or union. */
export interface StructNode extends Sized {
  readonly kind: "struct";
  readonly members: readonly Member[];
}

/** A member of a struct. */
export interface Member {
  readonly name: string;
  /** Bytes from the struct's first byte. */
  readonly offset: number;
  readonly node: Node;
}

const SIZE_MAX = 2 ** 32 - 1;
const ABIS = ["wasm32", "i386", "x86-64"] as const;
const IDENTIFIER = /^[A-Za-z_][A-Za-z_0-9]*$/;

/**
 * Lays a struct out.
 * @param path how errors name it
 * @param inside the definitions that it is inside of
 * @throws TypeError, RangeError that name the field and the rule
 */
export function layOut(
  path: string,
  definition: Definition,
  options: Readonly<Loose<StructOptions>>,
  inside: readonly unknown[] = [],
): StructNode {
  if (typeof definition !== "object" || definition === null || Array.isArray(definition))
    throw new TypeError(
      `${path}: the definition must be an object of fields, got ${show(definition)}`,
    );
  const within = deeper(path, inside, definition);
  const abi = checkChoice(`${path}: option "abi"`, options.abi ?? "wasm32", ABIS);
  const pack = options.pack === undefined ? 8 : checkPack(path, options.pack);
  const members: Member[] = [];
  let end = 0;
  let alignment = 1;
  for (const [name, type] of Object.entries(definition)) {
    checkName(path, name);
    const node = resolve(`${path}: field "${name}"`, type, { abi, pack: options.pack, within });
    const step = Math.min(node.alignment, pack);
    const offset = options.union === true ? 0 : roundUp(end, step);
    members.push({ name, offset, node });
    end = Math.max(end, offset + node.size);
    alignment = Math.max(alignment, step);
  }
  if (members.length === 0) throw new TypeError(`${path}: a struct must have a field`);
  const size = checkSize(path, roundUp(end, alignment));
  return { kind: "struct", size, alignment, members };
}

/** Options of which some may be given as undefined. */
type Loose<T> = { [K in keyof T]?: T[K] | undefined };

/** What definitions inside a definition have from it. */
interface Outer {
  readonly abi: StructAbi;
  readonly pack: StructOptions["pack"];
  /** They themselves, the outermost first. */
  readonly within: readonly unknown[];
}

/**
 * @returns what a definition's own parts are inside of
 * @throws TypeError when it is inside itself
 */
function deeper(path: string, inside: readonly unknown[], definition: unknown): unknown[] {
  if (inside.includes(definition))
    throw new TypeError(`${path}: a type cannot be inside itself: its size would be endless`);
  return [...inside, definition];
}

function checkPack(path: string, pack: unknown): number {
  if (![1, 2, 4, 8].includes(pack as number))
    throw new RangeError(`${path}: option "pack" must be 1, 2, 4 or 8, got ${show(pack)}`);
  return pack as number;
}

/**
 * Names as in C: numbers would not keep their order in an object, "$" is for the views' own
 * members.
 */
function checkName(path: string, name: string): void {
  if (!IDENTIFIER.test(name))
    throw new RangeError(`${path}: a field's name must be a C identifier, got ${show(name)}`);
}

function checkSize(path: string, size: number): number {
  if (size > SIZE_MAX)
    throw new RangeError(`${path} must be at most ${SIZE_MAX} bytes, got ${size}`);
  return size;
}

function resolve(path: string, type: FieldType, outer: Outer): Node {
  const { abi } = outer;
  if (typeof type === "string") return resolveText(path, type, abi);
  if (Array.isArray(type) && type.length === 2) {
    const [element, count] = type as readonly [FieldType, number];
    const within = deeper(path, outer.within, type);
    return arrayOf(path, resolve(`${path}[]`, element, { ...outer, within }), count);
  }
  if (typeof type !== "object" || type === null || Array.isArray(type)) throw noType(path, type);
  if (isEnum(type)) {
    const { scalar } = type;
    return { kind: "scalar", scalar, size: scalar.size, alignment: scalar.size };
  }
  if (!isNested(type)) return layOut(path, type as Definition, outer, outer.within);
  const own = type.options.abi ?? "wasm32";
  if (own !== abi)
    throw new TypeError(`${path}: a struct of the ABI "${own}" cannot be in one of "${abi}"`);
  return layOut(path, type.definition, type.options, outer.within);
}

function noType(path: string, type: unknown): TypeError {
  return new TypeError(
    `${path}: type must be one of ${Object.keys(scalars).join(", ")}, pointer, usize, char[N], an array ("u8[4]", [type, 4]), an enum or a struct, got ${show(type)}`,
  );
}

/** A definition may have a field called "scalar", but that is no object with a function in it. */
function isEnum(type: object): type is EnumType {
  return typeof (type as Partial<EnumType>).scalar?.read === "function";
}

function isNested(type: object): type is NestedType {
  const { definition, options } = type as Partial<NestedType>;
  return Object.getPrototypeOf(type) !== Object.prototype && !!definition && !!options;
}

function resolveText(path: string, type: string, abi: StructAbi): Node {
  const [, name = type, count] = /^(\w+)\[(\d+)\]$/.exec(type) ?? [];
  if (name === "char" && count !== undefined)
    return { kind: "text", size: checkSize(path, Number(count)), alignment: 1 };
  const element = scalarNode(name, abi);
  if (element === undefined) throw noType(path, type);
  return count === undefined ? element : arrayOf(path, element, Number(count));
}

function scalarNode(name: string, abi: StructAbi): ScalarNode | undefined {
  const isWord = name === "pointer" || name === "usize";
  const wide = abi === "x86-64";
  const scalar = isWord
    ? wide
      ? wideWord
      : scalars.u32
    : Object.hasOwn(scalars, name)
      ? scalars[name as ScalarName]
      : undefined;
  if (scalar === undefined) return undefined;
  const { size } = scalar;
  const alignment = abi === "i386" ? Math.min(size, 4) : size;
  return { kind: "scalar", scalar: scalar, size, alignment };
}

/** A word of 8 bytes as a number: addresses of this memory have 4, sizes fit 53 bits. */
const wideWord: Scalar<number> = {
  size: 8,
  read: (view, at) => Number(view.getBigUint64(at, true)),
  write: (view, at, value) => view.setBigUint64(at, BigInt(value), true),
  check: (name, value) => void checkInteger(name, value, { min: 0, max: Number.MAX_SAFE_INTEGER }),
};

function arrayOf(path: string, element: Node, count: unknown): ArrayNode {
  checkInteger(`${path}: length`, count, { min: 0, max: SIZE_MAX });
  const size = checkSize(path, element.size * (count as number));
  return { kind: "array", element, count: count as number, size, alignment: element.alignment };
}

function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}
