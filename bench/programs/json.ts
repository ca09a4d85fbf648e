// A JSON text made, parsed into objects, arrays and strings, changed, and written again.

import { random, seed } from "./random";

abstract class Value {
  abstract write(out: string[]): void;

  get weight(): i32 {
    return 1;
  }
}

class NumberValue extends Value {
  constructor(public value: f64) {
    super();
  }

  write(out: string[]): void {
    out.push(this.value.toString());
  }
}

class StringValue extends Value {
  constructor(public value: string) {
    super();
  }

  write(out: string[]): void {
    out.push('"' + this.value + '"');
  }
}

class ListValue extends Value {
  items: Value[] = [];

  write(out: string[]): void {
    for (let i = 0; i < this.items.length; i++) {
      out.push(i == 0 ? "[" : ",");
      this.items[i].write(out);
    }
    out.push(this.items.length == 0 ? "[]" : "]");
  }

  get weight(): i32 {
    let sum = 1;
    for (let i = 0; i < this.items.length; i++) sum += this.items[i].weight;
    return sum;
  }
}

class ObjectValue extends Value {
  fields: Map<string, Value> = new Map<string, Value>();

  write(out: string[]): void {
    const names = this.fields.keys();
    for (let i = 0; i < names.length; i++) {
      out.push((i == 0 ? '{"' : ',"') + names[i] + '":');
      this.fields.get(names[i]).write(out);
    }
    out.push(names.length == 0 ? "{}" : "}");
  }

  get weight(): i32 {
    const values = this.fields.values();
    let sum = 1;
    for (let i = 0; i < values.length; i++) sum += values[i].weight;
    return sum;
  }
}

class Parser {
  private at: i32 = 0;

  constructor(private text: string) {}

  private skip(code: i32): bool {
    while (this.text.charCodeAt(this.at) == 32) this.at++;
    if (this.text.charCodeAt(this.at) != code) return false;
    this.at++;
    return true;
  }

  private string(): string {
    const start = this.at;
    while (this.text.charCodeAt(this.at) != 34) this.at++;
    return this.text.substring(start, this.at++);
  }

  private number(): f64 {
    const start = this.at;
    for (;;) {
      const code = this.at < this.text.length ? this.text.charCodeAt(this.at) : 0;
      if ((code < 48 || code > 57) && code != 45 && code != 46 && code != 101 && code != 43) break;
      this.at++;
    }
    return F64.parseFloat(this.text.substring(start, this.at));
  }

  value(): Value {
    if (this.skip(34)) return new StringValue(this.string());
    if (this.skip(91)) {
      const list = new ListValue();
      if (this.skip(93)) return list;
      do list.items.push(this.value());
      while (this.skip(44));
      this.skip(93);
      return list;
    }
    if (this.skip(123)) {
      const object = new ObjectValue();
      if (this.skip(125)) return object;
      do {
        this.skip(34);
        const name = this.string();
        this.skip(58);
        object.fields.set(name, this.value());
      } while (this.skip(44));
      this.skip(125);
      return object;
    }
    return new NumberValue(this.number());
  }
}

function make(depth: i32): Value {
  const kind = random(depth > 0 ? 6 : 2);
  if (kind == 0) return new NumberValue(<f64>random(100_000) / 8);
  if (kind == 1) return new StringValue("text " + random(1 << 30).toString(36));
  if (kind < 4) {
    const list = new ListValue();
    for (let left = 2 + random(9); left > 0; left--) list.items.push(make(depth - 1));
    return list;
  }
  const object = new ObjectValue();
  for (let left = 2 + random(7); left > 0; left--)
    object.fields.set("field" + random(40).toString(), make(depth - 1));
  return object;
}

/**
 * Makes a document, and `rounds` times parses and writes it. The lengths of the texts and the
 * number of values.
 */
export function json(rounds: i32): i32 {
  seed(20);
  const root = new ListValue();
  for (let i = 0; i < 30; i++) root.items.push(make(4));
  const first: string[] = [];
  root.write(first);
  let text = first.join("");
  let sum = 0;
  for (let round = 0; round < rounds; round++) {
    const value = new Parser(text).value();
    const out: string[] = [];
    value.write(out);
    text = out.join("");
    sum += text.length + value.weight;
  }
  return sum;
}
