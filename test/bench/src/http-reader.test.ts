import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HttpReader } from './http-reader.ts';

function read(pieces: Buffer[]) {
  const messages: { head: string; body: string }[] = [];
  let head = '';
  let body = '';
  const reader = new HttpReader({
    head: (text) => {
      head = text;
      body = '';
    },
    body: (bytes) => {
      body += bytes.toString('latin1');
    },
    end: () => messages.push({ head, body }),
  });
  for (const piece of pieces) reader.push(piece);
  return { messages, idle: reader.idle };
}

const counted = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';
const chunked = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n';
const empty = 'HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n';

describe('HttpReader', () => {
  test('reads the same messages however the bytes are cut', () => {
    const wire = Buffer.from(counted + chunked + empty + counted);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: wire.length }), { maxLength: 40 }), (cuts) => {
        const edges = [0, ...cuts.toSorted((a, b) => a - b), wire.length];
        const { messages, idle } = read(edges.slice(1).map((edge, i) => wire.subarray(edges[i], edge)));
        expect(messages.map((message) => message.body)).toEqual(['hello', 'abc0123456789', '', 'hello']);
        expect(idle).toBe(true);
      }),
    );
  });

  test('a request without a length has no body', () => {
    const { messages } = read([Buffer.from('GET /v1/models HTTP/1.1\r\nhost: a\r\n\r\n')]);
    expect(messages).toEqual([{ head: 'GET /v1/models HTTP/1.1\r\nhost: a\r\n', body: '' }]);
  });

  test('is not idle in the middle of a message', () => {
    expect(read([Buffer.from(counted.slice(0, -1))]).idle).toBe(false);
  });

  test('refuses an answer whose end it could not know', () => {
    expect(() => read([Buffer.from('HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n')])).toThrow('framed neither');
  });

  test('refuses a chunk size that is not a number', () => {
    expect(() => read([Buffer.from('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n')])).toThrow(
      'not a chunk size',
    );
  });
});
