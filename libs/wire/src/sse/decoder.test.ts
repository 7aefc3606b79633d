import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readFixture } from '../fixtures/read-fixture.ts';
import { SseDecoder, type SseEvent, SseOverflowError } from './decoder.ts';

function decode(pieces: readonly Uint8Array[], maxEventBytes = 100_000): SseEvent[] {
  const decoder = new SseDecoder({ maxEventBytes });
  return pieces.flatMap((piece) => decoder.push(piece));
}

function dataOf(text: string): string[] {
  return decode([Buffer.from(text)]).map((event) => event.data);
}

/** Cuts bytes at the given places, whatever they are. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...sorted].map((start, index) => bytes.subarray(start, sorted[index] ?? bytes.length));
}

const comparable = (events: readonly SseEvent[]) =>
  events.map(({ raw, event, data }) => ({ raw: raw.toString('latin1'), event, data }));

describe('SseDecoder', () => {
  it('gives one event per data line and keeps its bytes', () => {
    const text = 'data: {"a":1}\n\ndata: [DONE]\n\n';
    const events = decode([Buffer.from(text)]);
    expect(events.map(({ data }) => data)).toEqual(['{"a":1}', '[DONE]']);
    expect(Buffer.concat(events.map(({ raw }) => raw)).toString()).toBe(text);
  });

  it('understands LF, CRLF and CR', () => {
    for (const eol of ['\n', '\r\n', '\r']) {
      expect(dataOf(`data: a${eol}${eol}data: b${eol}${eol}`)).toEqual(['a', 'b']);
    }
  });

  it('joins several data lines, takes data without a space, and reads the event name', () => {
    expect(dataOf('data: a\ndata: b\n\ndata:c\n\ndata:\n\n')).toEqual(['a\nb', 'c', '']);
    expect(decode([Buffer.from('event: ping\ndata: {}\n\n')])[0]).toMatchObject({ event: 'ping', data: '{}' });
  });

  it('drops comments, blank lines and blocks without data', () => {
    expect(dataOf(': keepalive\n\n\n\nevent: lonely\n\nid: 1\n: note\ndata: x\n\n')).toEqual(['x']);
  });

  it('skips a byte order mark even when it is cut', () => {
    const bytes = Buffer.from('\uFEFFdata: x\n\n');
    for (let place = 0; place <= bytes.length; place += 1) {
      expect(decode(cut(bytes, [place])).map(({ data }) => data)).toEqual(['x']);
    }
  });

  it('ends the last event of a stream of bare CRs without waiting for more', () => {
    expect(dataOf('data: [DONE]\r\r')).toEqual(['[DONE]']);
  });

  it('does not end an event in the middle of a CRLF', () => {
    const decoder = new SseDecoder({ maxEventBytes: 1000 });
    expect(decoder.push(Buffer.from('data: x\r\n\r'))).toEqual([]);
    expect(decoder.push(Buffer.from('\n')).map(({ raw }) => raw.toString())).toEqual(['data: x\r\n\r\n']);
    expect(decoder.push(Buffer.from('data: y\r\n\r\n')).map(({ data }) => data)).toEqual(['y']);
  });

  it('refuses an event past the bound however it arrives', () => {
    const decoder = new SseDecoder({ maxEventBytes: 20 });
    decoder.push(Buffer.from('data: 1234'));
    expect(() => decoder.push(Buffer.from('x'.repeat(11)))).toThrow(SseOverflowError);
    expect(() => decode([Buffer.from(`data: ${'x'.repeat(30)}\n\n`)], 20)).toThrow(SseOverflowError);
  });

  it('accepts a plain Uint8Array', () => {
    expect(decode([new TextEncoder().encode('data: é\n\n')])[0]?.data).toBe('é');
  });

  it('does not let a later push change the bytes of an event given out', () => {
    const decoder = new SseDecoder({ maxEventBytes: 1000 });
    decoder.push(Buffer.from('data: fir'));
    const [first] = decoder.push(Buffer.from('st\n\ndata: sec'));
    decoder.push(Buffer.from('ond\n\ndata: third\n\n'));
    expect(first?.raw.toString()).toBe('data: first\n\n');
  });

  it('gives the same events for every single cut of the recorded streams', () => {
    for (const name of ['mistral-text.chunks.txt', 'openrouter-error.chunks.txt']) {
      const bytes = readFixture(name);
      const whole = comparable(decode([bytes]));
      for (let place = 0; place <= bytes.length; place += 1) {
        expect(comparable(decode(cut(bytes, [place])))).toEqual(whole);
      }
    }
  });

  const line = fc.oneof(
    fc.constantFrom('data: é', 'data:', 'data: [DONE]', ':', ': note', 'event: e', 'data', 'x', '', 'data: 🌬️ lee'),
    fc.string({ maxLength: 6 }).map((text) => `data: ${text}`),
  );
  const stream = fc
    .array(fc.tuple(line, fc.constantFrom('\n', '\r\n', '\r', '\n\n', '\r\n\r\n', '\r\r')), { maxLength: 12 })
    .map((lines) => Buffer.from(lines.flat().join('')));

  it('gives the same events however the bytes are cut', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(), { maxLength: 8 }), (bytes, places) => {
        const bytewise = Array.from(bytes, (byte) => Uint8Array.of(byte));
        const whole = comparable(decode([bytes]));
        expect(comparable(decode(cut(bytes, places)))).toEqual(whole);
        expect(comparable(decode(bytewise))).toEqual(whole);
      }),
      { numRuns: 500 },
    );
  });

  it('keeps every byte of a stream of whole events', () => {
    const event = fc.tuple(fc.constantFrom('\n', '\r\n'), fc.json()).map(([eol, json]) => `data: ${json}${eol}${eol}`);
    fc.assert(
      fc.property(fc.array(event, { maxLength: 6 }), fc.array(fc.nat(), { maxLength: 6 }), (events, places) => {
        const bytes = Buffer.from(events.join(''));
        const decoded = decode(cut(bytes, places));
        expect(decoded).toHaveLength(events.length);
        expect(Buffer.concat(decoded.map(({ raw }) => raw)).equals(bytes)).toBe(true);
      }),
    );
  });
});
