// The asc transform of the build for crash tests: in front of every store and every change of a
// lock, wherever it is, it puts a call of the host's `env.crash_point(number)`, at which a test
// lets the thread die. The numbers go from 0 up; the binary's custom section "crash" has a line for
// each, with the function that it is in.

import binaryen from "assemblyscript/binaryen";
import { Transform } from "assemblyscript/transform";
import { expressionsIn, functionsOf } from "./walk-stores.mjs";

const PTR_OF = {
  Store: ["_BinaryenStoreGetPtr", "_BinaryenStoreSetPtr"],
  AtomicRMW: ["_BinaryenAtomicRMWGetPtr", "_BinaryenAtomicRMWSetPtr"],
  AtomicCmpxchg: ["_BinaryenAtomicCmpxchgGetPtr", "_BinaryenAtomicCmpxchgSetPtr"],
};

export default class CrashTransform extends Transform {
  afterCompile(module) {
    module.addFunctionImport("crash_point", "env", "crash_point", binaryen.i32, binaryen.none);
    const places = [];
    for (const { name, body } of functionsOf(module, (name) => name.startsWith("assembly/"))) {
      for (const [kind, [get, set]] of Object.entries(PTR_OF)) {
        for (const expression of expressionsIn(body, [kind])) {
          const call = module.call("crash_point", [module.i32.const(places.length)], binaryen.none);
          places.push(name);
          const ptr = binaryen[get](expression);
          binaryen[set](expression, module.block(null, [call, ptr], binaryen.i32));
        }
      }
    }
    module.addCustomSection("crash", new TextEncoder().encode(places.join("\n")));
  }
}
