// The asc transform behind the kernel's undo journal (assembly/kernel/journal.ts), for the threaded
// build: in front of every store of the kernel's, and of those parts of malloc that change
// something together with the kernel (JOURNALED), it puts a call that notes what stood there.
// Methods of structs that such code shares with the rest of malloc get a second version for it.

import binaryen from "assemblyscript/binaryen";
import { Transform } from "assemblyscript/transform";
import { JOURNALED, NOT_JOURNALED, isIn } from "./places.mjs";
import { expressionsIn, functionsOf, storesIn } from "./walk-stores.mjs";

const isJournaled = (name) => isIn(JOURNALED, name) && !isIn(NOT_JOURNALED, name);
const METHOD = /^assembly\/malloc\/.*#/;
const NOTE = "assembly/kernel/journal/note";

export default class JournalTransform extends Transform {
  afterCompile(module) {
    const all = new Map(functionsOf(module, () => true).map((one) => [one.name, one]));
    const versions = new Map();

    const journaled = (body) => {
      for (const store of storesIn(body)) {
        const operands = [
          binaryen._BinaryenStoreGetPtr(store),
          module.i32.const(binaryen._BinaryenStoreGetOffset(store)),
          module.i32.const(binaryen._BinaryenStoreGetBytes(store)),
        ];
        binaryen._BinaryenStoreSetPtr(store, module.call(NOTE, operands, binaryen.i32));
      }
      for (const call of expressionsIn(body, ["Call"])) {
        const { target } = binaryen.getExpressionInfo(call);
        if (METHOD.test(target) && !isJournaled(target))
          binaryen.Call.setTarget(call, version(target));
      }
    };

    /** The name of the version of a method that notes its stores. */
    const version = (name) => {
      if (versions.has(name)) return versions.get(name);
      const { params, results, vars, body } = all.get(name);
      const copy = module.copyExpression(body);
      if (storesIn(copy).length + expressionsIn(copy, ["Call"]).length === 0) return name;
      const itsName = `${name}~journaled`;
      versions.set(name, itsName);
      module.addFunction(itsName, params, results, vars, copy);
      journaled(copy);
      return itsName;
    };

    for (const [name, { body }] of all) if (isJournaled(name)) journaled(body);
  }
}
