import { describe, expect, it } from 'vitest';
import { contribution, EVIDENCE, USE } from './fixtures/contributions.ts';
import { Gateways, type Sent } from './fixtures/gateways.ts';
import { Publisher } from './publisher.ts';
import { MAX_ENTRIES, type Statement, type TargetEvidence } from './shapes.ts';

const ID = 'mistral/key-1/small';

function says(id: string, given: Partial<TargetEvidence> = {}): Pick<Statement, 'targets'> {
  return { targets: { [id]: { ...EVIDENCE, ...given } } };
}

const digests = (sent: readonly Sent[]) => sent.filter(({ subject }) => subject === 'digest');
const events = (sent: readonly Sent[]) => sent.filter(({ subject }) => subject === 'event');

/** One gateway that has been running for some seconds, and what it sends from now on. */
async function setUp(given: Partial<Statement> = says(ID)) {
  const gateways = new Gateways();
  const { clock, network } = gateways;
  const gateway = gateways.started('gw-1', given);
  await clock.advance(3000);
  return { gateways, clock, network, gateway, sent: gateways.listen() };
}

describe('a publisher', () => {
  it('asks the others and says all that it has when it starts', async () => {
    const gateways = new Gateways();
    const sent = gateways.listen();
    gateways.started('gw-1', says(ID));
    await gateways.clock.advance(10);
    expect(sent.map(({ subject, said }) => [subject, said?.full])).toEqual([
      ['hello', undefined],
      ['digest', true],
    ]);
  });

  it('sends several small messages a second, and all of it every ten seconds', async () => {
    const { clock, sent } = await setUp();
    await clock.advance(20_000);
    expect(digests(sent).length).toBeGreaterThan(20 / 0.3);
    expect(digests(sent).length).toBeLessThan(20 / 0.2);
    expect(sent.filter(({ said }) => said?.full)).toHaveLength(2);
    const numbers = sent.map(({ said }) => said?.seq ?? 0);
    expect(numbers).toEqual(numbers.map((_, place) => place + (numbers[0] ?? 0)));
  });

  it('repeats only what has changed', async () => {
    const { clock, gateway, sent } = await setUp({ targets: { a: EVIDENCE, b: EVIDENCE }, quotas: { q: USE } });
    const said = async () => {
      sent.length = 0;
      await clock.advance(600);
      return sent.map(({ said }) => [...Object.keys(said?.targets ?? {}), ...Object.keys(said?.quotas ?? {})]).flat();
    };
    expect(await said()).toEqual([]);
    gateway.statement = { ...gateway.statement, targets: { a: EVIDENCE, b: { ...EVIDENCE, firstTokenMs: 700 } } };
    expect(await said()).toEqual(['b']);
    gateway.statement = { ...gateway.statement, quotas: { q: { ...USE, requests: 9 } } };
    expect(await said()).toEqual(['q']);
    expect(await said()).toEqual([]);
  });

  it('says all of it soon when something is no longer there', async () => {
    const { clock, gateway, sent } = await setUp({ targets: { a: EVIDENCE, b: EVIDENCE } });
    gateway.statement = { ...gateway.statement, targets: { a: EVIDENCE } };
    await clock.advance(1000);
    expect(sent.find(({ said }) => said?.full)?.said?.targets).toHaveProperty('a');
    expect(sent.filter(({ said }) => said?.full)).toHaveLength(1);
  });

  it('tells at once what others act on, gathered into one message, and once', async () => {
    const { clock, gateway, sent } = await setUp();
    const trip = { reason: 'success-rate', samples: 20, ageMs: 0 };
    gateway.statement = { ...gateway.statement, ...says(ID, { trip }) };
    gateway.publisher.tell();
    gateway.publisher.tell();
    await clock.advance(2);
    gateway.statement = { ...gateway.statement, waits: { 'key:mistral/key-1': { forMs: 60_000, reason: 'rejected' } } };
    gateway.publisher.tell();
    await clock.advance(10);
    expect(events(sent)).toHaveLength(1);
    expect(events(sent)[0]?.said).toMatchObject({ ...says(ID, { trip }), waits: { 'key:mistral/key-1': {} } });
    gateway.publisher.tell();
    await clock.advance(10);
    expect(events(sent)).toHaveLength(1);
  });

  it('tells as an event also what happened just before the next digest was due', async () => {
    const { clock, gateway, sent } = await setUp();
    const waits = { 'key:a/b': { forMs: 60_000, reason: 'rejected' } } as const;
    // Nobody has said that there is news: the digest comes upon it.
    gateway.statement = { ...gateway.statement, waits };
    await clock.advance(600);
    expect(events(sent).map(({ said }) => said?.waits)).toEqual([waits]);
    expect(digests(sent).filter(({ said }) => Object.keys(said?.waits ?? {}).length > 0)).toEqual([]);
  });

  it('tells at once that a wait is lifted, a breaker closed, and that it drains', async () => {
    const trip = { reason: 'success-rate', samples: 20, ageMs: 0 };
    const waits = { 'key:mistral/key-1': { forMs: 60_000, reason: 'rejected' } } as const;
    const { clock, gateway, sent } = await setUp({ ...says(ID, { trip }), waits });
    gateway.statement = { ...gateway.statement, ...says(ID), waits: {} };
    gateway.publisher.tell();
    await clock.advance(10);
    expect(events(sent)[0]?.said?.waits).toEqual({ 'key:mistral/key-1': { forMs: 0, reason: 'rejected' } });
    expect(events(sent)[0]?.said?.targets[ID]).toEqual(EVIDENCE);
    gateway.statement = { ...gateway.statement, draining: true };
    gateway.publisher.tell();
    await clock.advance(10);
    expect(events(sent)[1]?.said?.draining).toBe(true);
  });

  it('says a wait once while it runs out, and nothing at its end', async () => {
    const { clock, gateway, sent } = await setUp();
    for (let leftMs = 3000; leftMs > -1000; leftMs -= 100) {
      const waits: Statement['waits'] = leftMs > 0 ? { 'key:a/b': { forMs: leftMs, reason: 'limited' } } : {};
      gateway.statement = { ...gateway.statement, waits };
      await clock.advance(100);
    }
    expect(sent.filter(({ said }) => Object.keys(said?.waits ?? {}).length > 0)).toHaveLength(1);
  });

  it('says goodbye: no demand and no targets any more, the waits as before, and nothing later', async () => {
    const waits = { 'quota:a/b/c': { forMs: 9000, reason: 'limited' } } as const;
    const { clock, gateway, sent } = await setUp({ ...says(ID), quotas: { q: USE }, waits });
    gateway.publisher.stop();
    gateway.publisher.tell();
    gateway.publisher.answer({ peer: 'gw-2' });
    gateway.receiver.stop();
    await clock.advance(5000);
    expect(sent).toHaveLength(1);
    expect(sent[0]?.said).toMatchObject({ full: true, draining: true, targets: {}, quotas: {}, waits });
    expect(clock.pending).toBe(0);
  });

  it('divides what no message can hold among several', async () => {
    const targets = Object.fromEntries(
      Array.from({ length: MAX_ENTRIES + 500 }, (_, at) => [`${'provider'.repeat(8)}-${at}/key-${at}/model`, EVIDENCE]),
    );
    const { gateways, clock, gateway } = await setUp({ targets, waits: { 'key:a/b': { forMs: 9000, reason: 'x' } } });
    const late = gateways.started('gw-2');
    await clock.advance(2000);
    const heard = late.peers.live.find(({ id }) => id === gateway.id);
    expect(heard?.targets.size).toBe(MAX_ENTRIES - 1);
    expect(heard?.waits.size).toBe(1);
    expect(late.peers.lacking).toEqual([]);
  });

  it('cannot be made with an id that no reader takes', async () => {
    const { gateway } = await setUp();
    expect(() => new Publisher({} as never, { peer: 'a b', epoch: 1 })).toThrow('a b is no id');
    expect(gateway.publisher.intervalMs).toBe(250);
  });
});

describe('an answer', () => {
  it('to a joiner brings it all that everyone has, within a moment', async () => {
    const { gateways, clock } = await setUp();
    for (let peer = 2; peer <= 20; peer++) gateways.started(`gw-${peer}`, says(`mistral/key-${peer}/small`));
    await clock.advance(5000);
    const late = gateways.started('late');
    await clock.advance(1500);
    expect(late.peers.size).toBe(20);
    expect(late.peers.lacking).toEqual([]);
    expect(late.peers.live.every(({ targets }) => targets.size === 1)).toBe(true);
  });

  it('is given once a second at the most, however many ask', async () => {
    const { clock, gateway, sent } = await setUp();
    for (let time = 0; time < 400; time++) {
      gateway.publisher.answer({ peer: `joiner-${time}` });
      await clock.advance(10);
    }
    expect(sent.filter(({ said }) => said?.full).length).toBeLessThanOrEqual(5);
  });

  it('is given to one that missed a message, by the peer that it asks and by no other', async () => {
    const { gateways, clock, network } = await setUp();
    const [two, three] = [gateways.started('gw-2', says('b')), gateways.started('gw-3', says('c'))];
    await clock.advance(5000);
    network.restrict((from, to) => !(from === 'gw-2' && to === 'gw-3'));
    two.statement = { ...two.statement, ...says('b', { firstTokenMs: 900 }) };
    await clock.advance(600);
    network.heal();
    const sent = gateways.network.join('ear');
    let fulls = 0;
    sent.subscribe('digest', () => fulls++);
    await clock.advance(1500);
    expect(three.peers.lacking).toEqual([]);
    const heard = three.peers.live.find(({ id }) => id === 'gw-2');
    expect(heard?.targets.get('b')?.value.firstTokenMs).toBe(900);
    expect(fulls).toBeGreaterThan(0);
  });
});

describe('without a bus', () => {
  it('sends nothing, and everything when it is back', async () => {
    const { clock, network, gateway, sent } = await setUp();
    network.goDown();
    sent.length = 0;
    gateway.statement = { ...gateway.statement, waits: { 'key:a/b': { forMs: 60_000, reason: 'limited' } } };
    gateway.publisher.tell();
    await clock.advance(30_000);
    expect(sent).toEqual([]);
    network.comeUp();
    await clock.advance(100);
    const whole = sent.filter(({ said }) => said?.full);
    expect(whole.map(({ said }) => Object.keys(said?.waits ?? {}))).toEqual([['key:a/b']]);
  });
});

describe('a receiver', () => {
  it('counts every message by what became of it', async () => {
    const { gateways, clock, network, gateway } = await setUp();
    const stranger = network.join('stranger');
    stranger.publish('digest', new Uint8Array(3));
    stranger.publish('event', new TextEncoder().encode('{}'));
    stranger.publish('hello', new Uint8Array(2));
    gateways.started('gw-2');
    await clock.advance(2000);
    const counts = Object.fromEntries(gateway.receiver.counts);
    expect(counts).toMatchObject({ 'not-json': 2, malformed: 1, asked: 1 });
    expect(counts['merged']).toBeGreaterThan(5);
  });

  it('tells of news at once', async () => {
    const { gateways, clock, gateway } = await setUp();
    const two = gateways.started('gw-2');
    await clock.advance(2000);
    const before = gateway.news();
    two.statement = { ...two.statement, waits: { 'key:a/b': { forMs: 60_000, reason: 'limited' } } };
    two.publisher.tell();
    await clock.advance(10);
    expect(gateway.news()).toBe(before + 1);
    expect(gateway.peers.live[0]?.waits.get('key:a/b')?.value).toEqual({ forMs: 60_000, reason: 'limited' });
  });

  it('hears the plain contribution as it was said', async () => {
    const { gateways, clock, gateway } = await setUp();
    const said = contribution({ quotas: { 'a/b/c': USE }, retries: { earnedPerSecond: 1.5, spentPerSecond: 0.25 } });
    gateways.started('gw-2', { quotas: said.quotas, retries: said.retries });
    await clock.advance(2000);
    const [heard] = gateway.peers.live;
    expect(heard?.retries).toEqual(said.retries);
    expect(heard?.quotas.get('a/b/c')?.value).toEqual(USE);
  });
});
