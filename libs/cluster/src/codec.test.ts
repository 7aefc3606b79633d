import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decode, decodeHello, encode, encodeHello } from './codec.ts';
import { anyContribution, contribution, EVIDENCE, USE } from './fixtures/contributions.ts';
import { type Message, messageSchema } from './message-schema.ts';
import { type Contribution, MAX_ENTRIES, MAX_ID_CHARS, MAX_MESSAGE_BYTES } from './shapes.ts';

const utf8 = new TextEncoder();

function bytesOf(message: unknown): Uint8Array {
  return utf8.encode(JSON.stringify(message));
}

function read(bytes: Uint8Array): Contribution {
  const decoded = decode(bytes);
  if (decoded.kind === 'refused') throw new Error(`refused: ${decoded.reason}`);
  return decoded.value;
}

const PLAIN = contribution({
  peer: 'gw-1-5f00ba12',
  epoch: 1_767_225_600_000,
  seq: 12,
  targets: {
    'mistral/key-1/mistral-large-latest': { ...EVIDENCE, firstTokenMs: 412 },
    'mistral/key-2/mistral-large-latest': { ...EVIDENCE, trip: { reason: 'success-rate', samples: 20, ageMs: 900 } },
  },
  waits: { 'quota:mistral/ws-1/mistral-large-latest': { forMs: 31_234, reason: 'limited' } },
  quotas: { 'mistral/ws-1/mistral-large-latest': USE },
});

/** PLAIN as it goes over the wire. */
function plainMessage(): Record<string, unknown> {
  return JSON.parse(new TextDecoder().decode(encode(PLAIN))) as Record<string, unknown>;
}

/** Numbers to three digits or to whole ones, as the writer gives them; nothing else may differ. */
function isAlike(one: unknown, other: unknown): boolean {
  if (typeof one === 'number' && typeof other === 'number') {
    return Math.abs(one - other) <= Math.max(Number.isInteger(other) ? 0.5 : 0, 0.0051 * Math.abs(one));
  }
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return one === other;
  const keys = Object.keys(one).sort();
  const others = Object.keys(other).sort();
  return (
    keys.length === others.length &&
    keys.every((key, place) => key === others[place]) &&
    keys.every((key) => isAlike(Reflect.get(one, key), Reflect.get(other, key)))
  );
}

describe('a contribution as bytes', () => {
  it('is the same after the way, where nothing is to be rounded', () => {
    expect(read(encode(PLAIN))).toEqual(PLAIN);
  });

  it('is the same after the way, up to rounding, whatever it is', () => {
    fc.assert(
      fc.property(anyContribution(), (said) => {
        const heard = read(encode(said));
        expect([heard.peer, heard.epoch, heard.seq]).toEqual([said.peer, said.epoch, said.seq]);
        expect([said, heard]).toSatisfy(([one, other]) => isAlike(one, other));
        // Rounded once, it does not change any more.
        expect(read(encode(heard))).toEqual(heard);
      }),
    );
  });

  it('keeps small figures to three digits', () => {
    const evidence = { ...EVIDENCE, firstTokenMs: 123.456, faultShare: 0.0678912 };
    expect(read(encode(contribution({ targets: { id: evidence } }))).targets['id']).toEqual({
      ...EVIDENCE,
      firstTokenMs: 123,
      faultShare: 0.0679,
    });
  });

  it('brings what is beyond every bound to that bound, and leaves out ids that no reader takes', () => {
    const broken = { ...EVIDENCE, samples: Number.POSITIVE_INFINITY, ageMs: -5, inFlight: Number.NaN, faultShare: 7 };
    const said = contribution({
      targets: { broken, [`mistral/key-1/${'x'.repeat(MAX_ID_CHARS)}`]: EVIDENCE, '': EVIDENCE },
      waits: {
        'key:a/b': { forMs: 1e300, reason: `ünprintable\n${'x'.repeat(99)}` },
        'key:': { forMs: 1, reason: '' },
      },
    });
    const { targets, waits } = read(encode(said));
    expect(targets).toEqual({ broken: { samples: 1_000_000, ageMs: 0, inFlight: 0, faultShare: 1 } });
    expect(waits).toEqual({ 'key:a/b': { forMs: 86_400_000, reason: `nprintable${'x'.repeat(30)}` } });
  });

  it('takes some 80 bytes for each target with its quota', () => {
    const keys = Array.from({ length: 50 }, (_, key) => key);
    const evidence = { ...EVIDENCE, firstTokenMs: 412, samples: 41.3, ageMs: 1230, faultShare: 0.012 };
    const said = contribution({
      peer: 'gateway-1-5f00ba12',
      epoch: 1_767_225_600_000,
      targets: Object.fromEntries(keys.map((key) => [`mistral/key-${key}/mistral-large-latest`, evidence])),
      quotas: Object.fromEntries(keys.map((key) => [`mistral/group-${key}/mistral-large-latest`, USE])),
    });
    expect(encode(said).byteLength).toBeLessThan(50 * 90 + 150);
  });
});

describe('a reader', () => {
  it('never throws, whatever the bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => void [decode(bytes), decodeHello(bytes)]));
    fc.assert(fc.property(fc.json(), (json) => void [decode(utf8.encode(json)), decodeHello(utf8.encode(json))]));
    fc.assert(
      fc.property(anyContribution(), fc.array(fc.tuple(fc.nat(), fc.nat(255))), (said, flips) => {
        const bytes = encode(said);
        for (const [place, byte] of flips) bytes[place % bytes.length] = byte;
        decode(bytes);
        decodeHello(bytes);
      }),
    );
  });

  it('refuses by reason what is no message', () => {
    const reason = (bytes: Uint8Array) => {
      const decoded = decode(bytes);
      return decoded.kind === 'refused' ? decoded.reason : decoded.kind;
    };
    expect(reason(new Uint8Array(MAX_MESSAGE_BYTES + 1))).toBe('too-large');
    expect(reason(utf8.encode('{'))).toBe('not-json');
    expect(reason(Uint8Array.of(0x22, 0xff, 0x22))).toBe('not-json');
    expect(reason(utf8.encode('['.repeat(MAX_MESSAGE_BYTES)))).toBe('not-json');
    expect(reason(utf8.encode('null'))).toBe('malformed');
    expect(reason(bytesOf({ ...plainMessage(), w: ['mistral'] }))).toBe('unknown-word');
    const entry = ['0', 1, 'limited'];
    const waits = Array.from({ length: MAX_ENTRIES }, () => ['key', entry[0], entry[1], entry[2]]);
    expect(reason(bytesOf({ ...plainMessage(), c: waits }))).toBe('too-many-entries');
    expect(reason(bytesOf({ ...plainMessage(), c: waits, t: [], q: [] }))).toBe('read');
  });

  it('never accepts what breaks a bound', () => {
    const bad = fc.oneof(
      fc.double({ max: 0, maxExcluded: true, noNaN: true }),
      fc.double({ min: 1e12, noNaN: true }),
      fc.constantFrom(null, '1', [], {}, true, Number.NaN),
    );
    const paths = ['e', 's', 'h', 't.3', 't.4', 't.5', 't.6', 't.7.1', 't.7.2', 'c.2', 'q.1', 'q.2', 'q.4', 'q.5'];
    fc.assert(
      fc.property(fc.constantFrom(...paths, 'r.0', 'r.1'), bad, (path, value) => {
        const bytes = utf8.encode(JSON.stringify(spoilt(path, value)).replaceAll('"infinite"', '1e999'));
        // A wall clock may be that far: it is no amount.
        if (['e', 's'].includes(path) && Number.isSafeInteger(value) && (value as number) > 0) return;
        expect(decode(bytes).kind).toBe('refused');
      }),
    );
  });

  it('refuses text that is too long or cannot be shown', () => {
    const long = 'x'.repeat(MAX_ID_CHARS + 1);
    const spoils: readonly (readonly [string, unknown])[] = [
      ['p', ''],
      ['p', 'x'.repeat(65)],
      ['p', 'a\nb'],
      ['c.3', 'x'.repeat(41)],
      ['c.3', 'a\u0007'],
      ['c.1', '0.0.0.0'],
      ['c.1', '-1'],
      ['t.7.0', ''],
      ['w.0', long],
    ];
    const taken = spoils.filter(([path, value]) => decode(bytesOf(spoilt(path, value))).kind === 'read');
    expect(taken).toEqual([]);
    // Words within their bound make no id beyond it.
    const words = [`m${'x'.repeat(200)}`, 'y'.repeat(200)];
    expect(
      decode(bytesOf({ ...plainMessage(), w: words, t: [['0.1', null, null, 0, 0, 0, 0]], c: [], q: [] })),
    ).toEqual({
      kind: 'refused',
      reason: 'unknown-word',
    });
  });

  it('of version 1 reads a message of version 2, with fields, kinds and items that it does not know', () => {
    const message = plainMessage() as unknown as Message;
    const next = {
      ...message,
      v: 2,
      since: 1,
      region: 'eu-west',
      x: [['0.1.2', { nested: [1] }]],
      t: message.t.map((entry) => [...entry.slice(0, 7), entry[7] ?? null, 'more', { of: 'it' }]),
      c: [...message.c.map((entry) => [...entry, 4]), ['moon-phase', '0.1', 5, 'full', 1]],
      q: message.q.map((entry) => [...entry, 17, null]),
      r: [...message.r, 3],
    };
    expect(read(bytesOf(next))).toEqual(PLAIN);
  });

  it('reads figures that it needs no more from one before it, which in their places reads nothing from it', () => {
    const message = plainMessage() as unknown as Message;
    const places = { t: message.t.map((entry) => entry[2]), q: message.q.map((entry) => entry[3]) };
    expect(places).toEqual({ t: [null, null], q: [0] });
    const before = {
      ...message,
      t: message.t.map((entry) => entry.with(2, 18.2)),
      q: message.q.map((entry) => entry.with(3, 400)),
    };
    expect(read(bytesOf(before))).toEqual(PLAIN);
  });

  it('of version 1 leaves alone what says that it is too new for it', () => {
    const refused = { kind: 'refused', reason: 'newer-version' };
    expect(decode(bytesOf({ ...plainMessage(), v: 3, since: 2 }))).toEqual(refused);
    expect(decode(bytesOf({ v: 3, since: 2, all: 'different' }))).toEqual(refused);
    expect(decodeHello(bytesOf({ v: 3, since: 2 }))).toEqual(refused);
  });

  it('takes only what its own schema describes', () => {
    fc.assert(
      fc.property(anyContribution(), (said) => {
        expect(messageSchema.safeParse(JSON.parse(new TextDecoder().decode(encode(said)))).success).toBe(true);
      }),
    );
  });
});

describe('a question', () => {
  it('is for some peers, for all, or, when they are too many, for all', () => {
    const way = (of?: readonly string[]) => decodeHello(encodeHello({ peer: 'a', of }));
    expect(way()).toEqual({ kind: 'read', value: { peer: 'a', of: undefined } });
    expect(way(['b', 'c'])).toEqual({ kind: 'read', value: { peer: 'a', of: ['b', 'c'] } });
    expect(way(Array.from({ length: 65 }, (_, place) => `p-${place}`))).toEqual(way());
  });
});

/** PLAIN with one value exchanged: `t.7.1` is that of item 7, therein 1, of the last target. */
function spoilt(path: string, value: unknown): unknown {
  const message = plainMessage();
  const [field = '', ...places] = path.split('.');
  const exchange = (old: unknown, at: readonly string[]): unknown => {
    const [place, ...rest] = at;
    if (place === undefined) return value === Number.POSITIVE_INFINITY ? 'infinite' : value;
    return (old as unknown[]).map((item, index) => (index === Number(place) ? exchange(item, rest) : item));
  };
  const isList = ['t', 'c', 'q'].includes(field);
  const old = message[field];
  if (!isList) return { ...message, [field]: exchange(old, places) };
  const list = old as unknown[];
  return { ...message, [field]: [...list.slice(0, -1), exchange(list.at(-1), places)] };
}
