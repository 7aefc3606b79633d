/** What every bus promises. Each implementation's test runs this on a network of its own; one that cannot keep it is no Bus. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type BusState, MAX_MESSAGE_BYTES, type Subject } from '../shapes.ts';
import type { MeasuredBus } from './traffic.ts';

/** A network for one test, and the means to let time pass on it and to break it. */
export interface BusWorld {
  /** Another peer's bus, not yet connected perhaps. */
  readonly join: () => MeasuredBus;
  /** Lets time pass until `check` throws no longer. */
  readonly eventually: (check: () => void) => Promise<void>;
  /** Every peer loses its connection, and none finds another, until the recovery. */
  readonly fail: () => Promise<void>;
  readonly recover: () => Promise<void>;
  /** Ends what the test left open. */
  readonly end: () => Promise<void>;
}

export interface BusPromise {
  readonly name: string;
  readonly open: () => Promise<BusWorld>;
}

export const never = (): AbortSignal => new AbortController().signal;

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** What this bus hears of a subject, in order. */
export function heardBy(bus: MeasuredBus, subject: Subject): string[] {
  const heard: string[] = [];
  bus.subscribe(subject, (bytes) => heard.push(textOf(bytes)));
  return heard;
}

export function say(bus: MeasuredBus, subject: Subject, text: string): void {
  bus.publish(subject, bytesOf(text));
}

export function describeBus({ name, open }: BusPromise): void {
  describe(`every bus: ${name}`, () => {
    let world: BusWorld;
    beforeEach(async () => {
      world = await open();
    });
    afterEach(() => world.end());

    const joined = async (count: number): Promise<MeasuredBus[]> => {
      const buses = Array.from({ length: count }, () => world.join());
      await connected(buses);
      return buses;
    };
    const connected = (buses: readonly MeasuredBus[]): Promise<void> =>
      world.eventually(() => expect(buses.map(({ state }) => state)).toEqual(buses.map(() => 'connected')));
    const two = async (): Promise<[MeasuredBus, MeasuredBus]> => {
      const [one, other] = await joined(2);
      if (one === undefined || other === undefined) throw new Error('two were asked for');
      return [one, other];
    };

    it('carries a message to every other peer, and not back to its sender', async () => {
      const [one, other, third] = await joined(3);
      if (one === undefined || other === undefined || third === undefined) throw new Error('three were asked for');
      const heard = [one, other, third].map((bus) => heardBy(bus, 'digest'));
      say(one, 'digest', 'from one');
      await world.eventually(() => expect(heard).toEqual([[], ['from one'], ['from one']]));
      // Whatever came back to the first would have come before this.
      say(other, 'digest', 'from other');
      await world.eventually(() => expect(heard).toEqual([['from other'], ['from one'], ['from one', 'from other']]));
    });

    it('calls nobody before publish has returned', async () => {
      const [one, other] = await two();
      const heard = heardBy(other, 'event');
      say(one, 'event', 'soon');
      expect(heard).toEqual([]);
      await world.eventually(() => expect(heard).toEqual(['soon']));
    });

    it('keeps the subjects apart', async () => {
      const [one, other] = await two();
      const heard = {
        digest: heardBy(other, 'digest'),
        event: heardBy(other, 'event'),
        hello: heardBy(other, 'hello'),
      };
      say(one, 'digest', 'd');
      say(one, 'event', 'e');
      say(one, 'hello', 'h');
      await world.eventually(() => expect(heard).toEqual({ digest: ['d'], event: ['e'], hello: ['h'] }));
    });

    it('keeps the order of one sender, within a subject and across them', async () => {
      const [one, other] = await two();
      const heard: string[] = [];
      for (const subject of ['digest', 'event'] as const) {
        other.subscribe(subject, (bytes) => heard.push(textOf(bytes)));
      }
      const sent = Array.from({ length: 200 }, (_, index) => `m${index}`);
      for (const [index, text] of sent.entries()) say(one, index % 3 === 0 ? 'event' : 'digest', text);
      await world.eventually(() => expect(heard).toEqual(sent));
    });

    it('carries any bytes unchanged, none and as many as a message may have', async () => {
      const [one, other] = await two();
      const heard: Uint8Array[] = [];
      other.subscribe('digest', (bytes) => heard.push(bytes.slice()));
      const messages = [
        new Uint8Array(),
        new Uint8Array(MAX_MESSAGE_BYTES).fill(0xff),
        ...fc.sample(fc.uint8Array({ maxLength: 2000 }), { numRuns: 50, seed: 1 }),
      ];
      for (const bytes of messages) one.publish('digest', bytes);
      await world.eventually(() => expect(heard.length).toBe(messages.length));
      expect(heard.map((bytes) => Buffer.from(bytes).toString('base64'))).toEqual(
        messages.map((bytes) => Buffer.from(bytes).toString('base64')),
      );
    });

    it('drops and counts a message that is larger than any may be', async () => {
      const [one, other] = await two();
      const heard = heardBy(other, 'digest');
      one.publish('digest', new Uint8Array(MAX_MESSAGE_BYTES + 1));
      say(one, 'digest', 'after');
      await world.eventually(() => expect(heard).toEqual(['after']));
      expect(one.traffic.dropped).toEqual({ disconnected: 0, congested: 0, oversized: 1 });
    });

    it('counts what is sent and what is received', async () => {
      const [one, other] = await two();
      for (let count = 0; count < 3; count++) say(one, 'digest', 'four');
      await world.eventually(() => {
        expect(other.traffic).toMatchObject({ receivedMessages: 3, receivedBytes: 12, sentMessages: 0, sentBytes: 0 });
      });
      expect(one.traffic).toMatchObject({ sentMessages: 3, sentBytes: 12, receivedMessages: 0, receivedBytes: 0 });
    });

    it('tells all who listen, and none after it has left, even while they are told', async () => {
      const [one, other] = await two();
      const heard: string[] = [];
      const leave = other.subscribe('digest', (bytes) => {
        heard.push(`first ${textOf(bytes)}`);
        leave();
      });
      other.subscribe('digest', (bytes) => heard.push(`second ${textOf(bytes)}`));
      say(one, 'digest', 'a');
      say(one, 'digest', 'b');
      await world.eventually(() => expect(heard).toEqual(['first a', 'second a', 'second b']));
      leave();
    });

    it('tells of each change of its state once, from the outage to the closing', async () => {
      const [one] = await two();
      const states: BusState[] = [];
      one.onStateChange((state) => states.push(state));
      await world.fail();
      await world.eventually(() => expect(one.state).toBe('connecting'));
      await world.recover();
      await connected([one]);
      await one.close(never());
      expect(states).toEqual(['connecting', 'connected', 'closed']);
    });

    it('drops and counts while it has no connection, and sends nothing of it later', async () => {
      const [one, other] = await two();
      const heard = heardBy(other, 'digest');
      await world.fail();
      await world.eventually(() => expect([one.state, other.state]).toEqual(['connecting', 'connecting']));
      for (let count = 0; count < 1000; count++) say(one, 'digest', 'lost');
      expect(one.traffic).toMatchObject({ sentMessages: 0, dropped: { disconnected: 1000, congested: 0 } });
      await world.recover();
      await connected([one, other]);
      say(one, 'digest', 'found');
      await world.eventually(() => expect(heard).toEqual(['found']));
    });

    it('hears again after an outage without being subscribed again, and after a second one', async () => {
      const [one, other] = await two();
      const heard = heardBy(other, 'event');
      for (const text of ['after the first', 'after the second']) {
        await world.fail();
        await world.eventually(() => expect([one.state, other.state]).toEqual(['connecting', 'connecting']));
        await world.recover();
        await connected([one, other]);
        say(one, 'event', text);
        await world.eventually(() => expect(heard.at(-1)).toBe(text));
      }
      expect(heard).toEqual(['after the first', 'after the second']);
    });

    it('connects when the network was not there at first', async () => {
      await world.fail();
      const [one, other] = [world.join(), world.join()];
      const heard = heardBy(other, 'hello');
      say(one, 'hello', 'too early');
      expect([one.state, one.traffic.dropped.disconnected]).toEqual(['connecting', 1]);
      await world.recover();
      await connected([one, other]);
      say(one, 'hello', 'in time');
      await world.eventually(() => expect(heard).toEqual(['in time']));
    });

    it('sends what was published before it closes', async () => {
      const [one, other] = await two();
      const heard = heardBy(other, 'event');
      for (const text of ['a', 'b', 'the last word']) say(one, 'event', text);
      await one.close(never());
      expect(one.state).toBe('closed');
      await world.eventually(() => expect(heard).toEqual(['a', 'b', 'the last word']));
    });

    it('neither hears nor sends once it is closed, and closes again without harm', async () => {
      const [one, other] = await two();
      const heard = { one: heardBy(one, 'digest'), other: heardBy(other, 'digest') };
      const closing = one.close(never());
      say(one, 'digest', 'too late');
      await closing;
      await one.close(never());
      say(one, 'digest', 'far too late');
      const third = world.join();
      await connected([third]);
      say(third, 'digest', 'to the rest');
      await world.eventually(() => expect(heard).toEqual({ one: [], other: ['to the rest'] }));
      expect([one.state, one.traffic.dropped.disconnected]).toEqual(['closed', 2]);
    });

    it('closes at once when its signal has aborted, connected or not', async () => {
      const [one, other] = await two();
      await one.close(AbortSignal.abort());
      await world.fail();
      await world.eventually(() => expect(other.state).toBe('connecting'));
      await other.close(AbortSignal.abort());
      expect([one.state, other.state]).toEqual(['closed', 'closed']);
    });

    it('closes without waiting for a network that is not there', async () => {
      await world.fail();
      const bus = world.join();
      await bus.close(never());
      expect(bus.state).toBe('closed');
      await world.recover();
    });
  });
}
