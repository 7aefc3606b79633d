import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { seededRng, VirtualClock } from '@leeward/testkit';
import { describe, expect, it, vi } from 'vitest';
import { describeBus, heardBy, never, say } from './bus.contract.ts';
import { Hub } from './hub.ts';
import { HubBus } from './hub-bus.ts';
import type { HubWord, Port } from './hub-port.ts';
import { MemoryNetwork } from './memory-bus.ts';

/** Longer than any of these tests takes; reached only by a failing one. */
const PATIENCE = { timeout: 10_000, interval: 1 };

/** Words go by structured clone, in order, and are read in a later turn: as between two processes. */
function portOver(channel: MessagePort): Port {
  return {
    post: (word, taken) => {
      channel.postMessage(word, []);
      setImmediate(taken);
    },
  };
}

describeBus({
  name: 'through a hub',
  open: () => {
    const hub = new Hub();
    const closes: (() => void)[] = [];
    const attachable = new Set<() => void>();
    const attached = new Set<() => void>();
    let isDown = false;
    const bring = (): void => {
      isDown = false;
      for (const attach of attachable) attach();
    };
    return Promise.resolve({
      join: () => {
        const { port1: near, port2: far } = new MessageChannel();
        const bus = new HubBus(portOver(near));
        near.on('message', (word: HubWord) => bus.hear(word));
        const attach = (): void => {
          const attachment = hub.attach(portOver(far));
          const onMessage = (word: HubWord): void => attachment.hear(word);
          far.on('message', onMessage);
          attached.add(() => {
            far.off('message', onMessage);
            attachment.detach();
          });
        };
        attachable.add(attach);
        if (!isDown) attach();
        closes.push(() => near.close());
        return bus;
      },
      eventually: (check) => vi.waitFor(check, PATIENCE),
      fail: () => {
        isDown = true;
        for (const detach of attached) detach();
        attached.clear();
        return Promise.resolve();
      },
      recover: () => Promise.resolve(bring()),
      end: () => {
        for (const close of closes) close();
        return Promise.resolve();
      },
    });
  },
});

/** A port whose other side takes words when it is told to. */
function slowPort() {
  const waiting: { readonly word: HubWord; readonly taken: () => void }[] = [];
  const port: Port = { post: (word, taken) => void waiting.push({ word, taken }) };
  return { port, waiting, takeAll: () => waiting.splice(0).map(({ word, taken }) => (taken(), word)) };
}

const KIB = new Uint8Array(1024);

describe('Hub', () => {
  it('passes on between its own and the outer bus, and nothing back to where it came from', async () => {
    const clock = new VirtualClock();
    const network = new MemoryNetwork({ clock, rng: seededRng(1) });
    const [outer, elsewhere] = [network.join('this machine'), network.join('elsewhere')];
    const heardElsewhere = heardBy(elsewhere, 'event');
    const hub = new Hub(outer);
    const [one, other] = [slowPort(), slowPort()];
    const attachment = hub.attach(one.port);
    hub.attach(other.port);
    for (const { takeAll } of [one, other]) takeAll();

    attachment.hear({ kind: 'bus-message', subject: 'event', bytes: Buffer.from('from one') });
    say(elsewhere, 'digest', 'from elsewhere');
    await clock.advance(1);

    expect(heardElsewhere).toEqual(['from one']);
    expect(one.takeAll()).toEqual([{ kind: 'bus-message', subject: 'digest', bytes: bytesOf('from elsewhere') }]);
    expect(other.takeAll()).toEqual([
      { kind: 'bus-message', subject: 'event', bytes: Buffer.from('from one') },
      { kind: 'bus-message', subject: 'digest', bytes: bytesOf('from elsewhere') },
    ]);
  });

  it('drops and counts what one of its own does not take, and keeps telling the others', () => {
    const hub = new Hub();
    const [sender, stuck, well] = [slowPort(), slowPort(), slowPort()];
    const attachment = hub.attach(sender.port);
    hub.attach(stuck.port);
    hub.attach(well.port);
    let told = 0;
    for (let count = 0; count < 5000; count++) {
      attachment.hear({ kind: 'bus-message', subject: 'digest', bytes: KIB });
      told += well.takeAll().filter(({ kind }) => kind === 'bus-message').length;
    }
    expect(told).toBe(5000);
    expect(stuck.waiting.length).toBeLessThan(1024);
    expect(hub.droppedMessages).toBe(5000 - (stuck.waiting.length - 1));
    stuck.takeAll();
    attachment.hear({ kind: 'bus-message', subject: 'digest', bytes: KIB });
    expect(stuck.waiting.length).toBe(1);
  });

  it('hears nobody who has left, and tells them nothing', () => {
    const hub = new Hub();
    const [gone, stays] = [slowPort(), slowPort()];
    const attachment = hub.attach(gone.port);
    const other = hub.attach(stays.port);
    attachment.detach();
    attachment.detach();
    for (const { hear } of [attachment, other]) hear({ kind: 'bus-message', subject: 'event', bytes: KIB });
    expect(stays.waiting.map(({ word }) => word.kind)).toEqual(['bus-open']);
    expect(gone.waiting.map(({ word }) => word)).toEqual([
      { kind: 'bus-open', isOpen: true },
      { kind: 'bus-open', isOpen: false },
    ]);
  });
});

describe('HubBus', () => {
  it('drops and counts when the hub does not take', () => {
    const { port, waiting } = slowPort();
    const bus = new HubBus(port);
    bus.hear({ kind: 'bus-open', isOpen: true });
    for (let count = 0; count < 5000; count++) bus.publish('digest', KIB);
    expect(bus.traffic.sentMessages).toBe(waiting.length);
    expect(bus.traffic.dropped.congested).toBe(5000 - waiting.length);
    expect(waiting.length).toBeLessThan(1024);
  });

  it('closes when its last word is taken, or when its signal ends the waiting', async () => {
    const { port, takeAll } = slowPort();
    const bus = new HubBus(port);
    bus.hear({ kind: 'bus-open', isOpen: true });
    bus.publish('event', KIB);
    const impatient = new AbortController();
    const closing = [bus.close(impatient.signal), bus.close(never()), bus.close(never())];
    impatient.abort();
    await closing[0];
    takeAll();
    await Promise.all(closing);
    expect(bus.state).toBe('closed');
  });
});

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
