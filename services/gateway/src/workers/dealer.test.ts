import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { VirtualClock } from '@leeward/testkit';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Dealer, type Seat } from './dealer.ts';

/** Longer than any of these tests takes; reached only by a failing one. */
const PATIENCE = { timeout: 10_000, interval: 1 };

let clock: VirtualClock;
let limit: number;
let dealer: Dealer;
let port: number;
let clients: Socket[];

beforeEach(async () => {
  clock = new VirtualClock();
  limit = 1000;
  clients = [];
  dealer = new Dealer({ clock, limit: () => limit });
  port = Number(new URL(await dealer.listen({ host: '127.0.0.1', port: 0 })).port);
});
afterEach(() => {
  dealer.close();
  for (const client of clients) client.destroy();
});

/** A worker that keeps what it is dealt until it is told to take it. */
class Hand implements Seat {
  readonly dealt: { readonly id: number; readonly socket: Socket }[] = [];
  readonly asked: number[] = [];

  deal(id: number, socket: Socket): void {
    this.dealt.push({ id, socket });
  }

  ask(upTo: number): void {
    this.asked.push(upTo);
  }

  takeAll(): void {
    for (const { id } of this.dealt) dealer.taken(this, id);
  }
}

async function connected(count: number): Promise<Socket[]> {
  const fresh = Array.from({ length: count }, () => connect(port, '127.0.0.1'));
  clients.push(...fresh);
  await Promise.all(fresh.map((client) => once(client, 'connect')));
  return fresh;
}

const dealtTo = (...hands: Hand[]): number[] => hands.map(({ dealt }) => dealt.length);
const until = (check: () => void): Promise<void> => vi.waitFor(check, PATIENCE);

describe('connections', () => {
  test('are spread evenly, however many come at once', async () => {
    const hands = [new Hand(), new Hand(), new Hand()];
    for (const hand of hands) dealer.join(hand);
    await connected(60);
    await until(() => expect(dealtTo(...hands)).toEqual([20, 20, 20]));
  });

  test('go first to the worker that has just begun, until it has as many', async () => {
    const [old, young] = [new Hand(), new Hand()];
    dealer.join(old);
    await connected(10);
    await until(() => expect(dealtTo(old)).toEqual([10]));
    old.takeAll();
    dealer.join(young);
    await connected(10);
    await until(() => expect(dealtTo(old, young)).toEqual([10, 10]));
    for (let count = 0; count < 4; count++) dealer.closed(young);
    await connected(4);
    await until(() => expect(dealtTo(old, young)).toEqual([10, 14]));
  });

  test('wait for the first worker when there is none', async () => {
    await connected(3);
    const hand = new Hand();
    dealer.join(hand);
    await until(() => expect(dealtTo(hand)).toEqual([3]));
  });

  test('are not closed here before they are taken', async () => {
    const hand = new Hand();
    dealer.join(hand);
    await connected(1);
    await until(() => expect(dealtTo(hand)).toEqual([1]));
    expect(hand.dealt[0]?.socket.destroyed).toBe(false);
    hand.takeAll();
    expect(hand.dealt[0]?.socket.destroyed).toBe(true);
  });
});

describe('a worker that ends', () => {
  test('leaves what it had not taken to the others, and what it had taken is gone with it', async () => {
    const [doomed, other] = [new Hand(), new Hand()];
    dealer.join(doomed);
    await connected(5);
    await until(() => expect(dealtTo(doomed)).toEqual([5]));
    const [first] = doomed.dealt;
    dealer.taken(doomed, first?.id ?? 0);
    dealer.join(other);
    dealer.leave(doomed);
    expect(other.dealt.map(({ socket }) => socket)).toEqual(doomed.dealt.slice(1).map(({ socket }) => socket));
    // Words of its that are still heard change nothing.
    dealer.closed(doomed);
    dealer.taken(doomed, 4);
    dealer.leave(doomed);
    expect(dealtTo(other)).toEqual([4]);
  });
});

describe('a worker that takes nothing', () => {
  test('is dealt no more until it takes again', async () => {
    const [stuck, well] = [new Hand(), new Hand()];
    dealer.join(stuck);
    await connected(1);
    await until(() => expect(dealtTo(stuck)).toEqual([1]));
    await clock.advance(100);
    dealer.join(well);
    await connected(10);
    await until(() => expect(dealtTo(stuck, well)).toEqual([1, 10]));
    stuck.takeAll();
    well.takeAll();
    await connected(9);
    await until(() => expect(dealtTo(stuck, well)).toEqual([10, 10]));
  });

  test('is not dealt more than it could take in a moment, and the rest waits for it', async () => {
    const hand = new Hand();
    dealer.join(hand);
    await connected(80);
    await until(() => expect(dealtTo(hand)).toEqual([64]));
    // A client's connection is there before it is accepted.
    await until(() => {
      hand.takeAll();
      expect(dealtTo(hand)).toEqual([80]);
    });
  });
});

describe('a connection that does not reach its worker', () => {
  test('is dealt again, to whoever has the fewest', async () => {
    const [poor, other] = [new Hand(), new Hand()];
    dealer.join(poor);
    await connected(3);
    await until(() => expect(dealtTo(poor)).toEqual([3]));
    dealer.taken(poor, poor.dealt[1]?.id ?? 0);
    dealer.join(other);
    expect(poor.asked).toEqual([]);
    await clock.advance(100);
    expect(poor.asked).toEqual([poor.dealt[2]?.id]);
    dealer.heard(poor, poor.asked[0] ?? 0);
    expect(dealtTo(poor, other)).toEqual([4, 1]);
    const again = [other.dealt[0], poor.dealt[3]].map((dealt) => dealt?.socket);
    expect(again[0]).toBe(poor.dealt[0]?.socket);
    expect(again[1]).toBe(poor.dealt[2]?.socket);
    expect(again.map((socket) => socket?.destroyed)).toEqual([false, false]);
  });

  test('does not keep others from it, once it can be reached', async () => {
    const hand = new Hand();
    dealer.join(hand);
    await connected(1);
    await until(() => expect(dealtTo(hand)).toEqual([1]));
    for (let times = 1; times < 4; times++) {
      await clock.advance(100);
      dealer.heard(hand, hand.asked.at(-1) ?? 0);
      expect([dealtTo(hand), hand.asked.length]).toEqual([[times + 1], times]);
    }
    hand.takeAll();
    await clock.advance(100);
    expect(hand.asked).toHaveLength(3);
    expect(clock.pending).toBe(0);
  });

  test('is not taken for lost while its worker is only slow', async () => {
    const hand = new Hand();
    dealer.join(hand);
    await connected(2);
    await until(() => expect(dealtTo(hand)).toEqual([2]));
    await clock.advance(100_000);
    expect(hand.asked).toHaveLength(1);
    hand.takeAll();
    dealer.heard(hand, hand.asked[0] ?? 0);
    expect(dealtTo(hand)).toEqual([2]);
  });
});

test('more connections than the node may have are closed at once', async () => {
  limit = 4;
  const hand = new Hand();
  dealer.join(hand);
  await connected(4);
  await until(() => expect(dealtTo(hand)).toEqual([4]));
  hand.takeAll();
  const [refused] = await connected(1);
  await once(refused ?? connect(port), 'close');
  expect(dealtTo(hand)).toEqual([4]);
  dealer.closed(hand);
  await connected(1);
  await until(() => expect(dealtTo(hand)).toEqual([5]));
});

test('when the port closes, those who wait are let go', async () => {
  const [waiting] = await connected(1);
  const closed = once(waiting ?? connect(port), 'close');
  dealer.close();
  await closed;
  await expect(connected(1)).rejects.toThrow('ECONNREFUSED');
});

test('when the port has closed, what a worker did not take any more is let go with it', async () => {
  const hand = new Hand();
  dealer.join(hand);
  const [client] = await connected(1);
  await until(() => expect(dealtTo(hand)).toEqual([1]));
  const closed = once(client ?? connect(port), 'close');
  dealer.close();
  dealer.leave(hand);
  await closed;
});
