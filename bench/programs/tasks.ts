// Tasks that send each other packets, after Richards: a small system of queues, in which everything
// is an object and short-lived.

import { random, seed } from "./random";

class Packet {
  next: Packet | null = null;
  data: Int32Array = new Int32Array(4);

  constructor(
    public target: i32,
    public hops: i32,
  ) {}
}

abstract class Task {
  private queue: Packet | null = null;
  done: i32 = 0;

  constructor(public id: i32) {}

  get isWaiting(): bool {
    return this.queue == null;
  }

  add(packet: Packet): void {
    packet.next = null;
    let last = this.queue;
    if (!last) {
      this.queue = packet;
      return;
    }
    while (last.next) last = last.next!;
    last.next = packet;
  }

  take(): Packet {
    const packet = this.queue!;
    this.queue = packet.next;
    this.done++;
    return packet;
  }

  /** Deals with a packet. What is to be sent on. */
  abstract run(packet: Packet, tasks: i32): Packet[];
}

class Forwarder extends Task {
  run(packet: Packet, tasks: i32): Packet[] {
    if (packet.hops == 0) return [];
    const next = new Packet((this.id * 7 + packet.hops) % tasks, packet.hops - 1);
    for (let i = 0; i < 4; i++) next.data[i] = packet.data[i] + i;
    return [next];
  }
}

class Splitter extends Task {
  run(packet: Packet, tasks: i32): Packet[] {
    const parts: Packet[] = [];
    for (let hops = packet.hops; hops > 1; hops >>= 1)
      parts.push(new Packet(random(tasks), hops >> 1));
    return parts;
  }
}

/** `packets` packets sent into a system of twelve tasks, until all is quiet. How much was done. */
export function tasks(packets: i32): i32 {
  seed(3);
  const all: Task[] = [];
  for (let id = 0; id < 12; id++) all.push(id % 3 == 0 ? new Splitter(id) : new Forwarder(id));
  let sum = 0;
  for (let left = packets; left > 0; left--) {
    all[random(12)].add(new Packet(0, 40));
    let isBusy = true;
    while (isBusy) {
      isBusy = false;
      for (let id = 0; id < all.length; id++) {
        if (all[id].isWaiting) continue;
        isBusy = true;
        const packet = all[id].take();
        const sent = all[id].run(packet, all.length);
        for (let i = 0; i < sent.length; i++) all[sent[i].target].add(sent[i]);
        sum += packet.data[1];
      }
    }
  }
  for (let id = 0; id < all.length; id++) sum += all[id].done * (id + 1);
  return sum;
}
