import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HeaderNames, ProtocolError, ResponseReader } from './http1-response.ts';
import type { UpstreamHeaders } from '../transport.ts';

interface Answer {
  status: number;
  headers: UpstreamHeaders;
  body: string;
  /** `undefined` until it is complete. */
  reusable: boolean | undefined;
}

/** A reader and all answers that it told of. */
function reading() {
  const answers: Answer[] = [];
  const last = () => answers[answers.length - 1] ?? expect.unreachable('a body before its head');
  const handler = {
    onHead: (status: number, headers: UpstreamHeaders) => {
      answers.push({ status, headers, body: '', reusable: undefined });
    },
    onBody: (bytes: Buffer) => {
      if (bytes.length === 0) expect.unreachable('a piece of nothing');
      last().body += bytes.toString('latin1');
    },
    onComplete: (reusable: boolean) => {
      last().reusable = reusable;
    },
  };
  const reader = new ResponseReader(handler, new HeaderNames());
  return { reader, answers };
}

function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

/** Reads one answer that comes whole, with the end of the connection behind it where asked. */
function read(text: string, how: { end: boolean } = { end: false }): Answer {
  const { reader, answers } = reading();
  reader.expect();
  reader.push(latin1(text));
  if (how.end) reader.end();
  expect(answers).toHaveLength(1);
  return answers[0] ?? expect.unreachable();
}

/** What becomes of it sent whole, and byte by byte: where it is cut must not matter. */
function fates(text: string): string[] {
  return [[latin1(text)], Array.from(latin1(text), (byte) => Buffer.from([byte]))].map((pieces) => {
    const { reader } = reading();
    try {
      reader.expect();
      for (const bytes of pieces) reader.push(bytes);
      reader.end();
      return 'read';
    } catch (error) {
      return error instanceof ProtocolError ? 'refused' : String(error);
    }
  });
}

const REFUSED = ['refused', 'refused'];

const TOKEN_CHARACTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.!~'.split('');
const VALUE_CHARACTERS = 'abcXYZ0189 \t,;="\'(){}[]<>/\\?@:%&*+-~\u0080\u00a0\u00ff'.split('');
/** What tends to be read in two ways. */
const DAMAGE = '\r\n\0 :;,0a-f\t\x7f\u00a0'.split('');
const token = fc.string({ unit: fc.constantFrom(...TOKEN_CHARACTERS), minLength: 1, maxLength: 12 });
const value = fc.string({ unit: fc.constantFrom(...VALUE_CHARACTERS), maxLength: 30 });
const blank = fc.constantFrom('', ' ', '\t', '  \t ');
const header = fc.record({ name: token.map((name) => `x-${name}`), before: blank, value, after: blank });
const piece = fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
const extension = fc.oneof(
  { weight: 3, arbitrary: fc.constant('') },
  fc.tuple(token, token).map(([name, text]) => `;${name}=${text}`),
);
const chunk = fc.record({ text: piece, extension, upper: fc.boolean(), zeros: fc.nat(3) });

interface Written {
  /** Everything sent, in latin1. */
  bytes: string;
  status: number;
  /** Names as written, values without the blanks around them. */
  headers: (readonly [string, string])[];
  body: string;
  untilClose: boolean;
  reusable: boolean;
}

const framing = fc.oneof(
  fc.record({ kind: fc.constant('length' as const), pieces: fc.array(piece, { maxLength: 4 }) }),
  fc.record({
    kind: fc.constant('chunked' as const),
    chunks: fc.array(chunk, { maxLength: 5 }),
    coding: fc.constantFrom('chunked', 'Chunked', 'CHUNKED'),
    last: fc.constantFrom('0', '000'),
    extension,
    trailers: fc.array(header, { maxLength: 2 }),
  }),
  fc.record({ kind: fc.constant('until-close' as const), pieces: fc.array(piece, { maxLength: 4 }) }),
  fc.record({ kind: fc.constant('none' as const), status: fc.constantFrom(204, 304) }),
);

const line = ({ name, before, value: text, after }: { name: string; before: string; value: string; after: string }) =>
  `${name}:${before}${text}${after}\r\n`;
const strip = (text: string) => text.replace(/^[\t ]+|[\t ]+$/g, '');

/** A valid response, in every form that the framing allows, with what is to be read from it. */
const response: fc.Arbitrary<Written> = fc
  .record({
    early: fc.array(fc.constantFrom('100 Continue', '102 Processing', '103 Early Hints'), { maxLength: 2 }),
    minor: fc.constantFrom(1, 1, 1, 0),
    status: fc.constantFrom(200, 201, 206, 400, 401, 429, 500, 503, 529),
    reason: fc.constantFrom('', ' ', ' OK', ' Too Many Requests', ' \u00e9 \t!'),
    before: fc.array(header, { maxLength: 6 }),
    after: fc.array(header, { maxLength: 3 }),
    close: fc.constantFrom(undefined, undefined, 'close', 'keep-alive'),
    framing,
  })
  .map(({ early, minor: anyMinor, status: anyStatus, reason, before, after, close, framing: frame }) => {
    const minor = frame.kind === 'chunked' ? 1 : anyMinor;
    const status = frame.kind === 'none' ? frame.status : anyStatus;
    const own: [string, string][] = close === undefined ? [] : [['Connection', close]];
    let sent = '';
    let body = '';
    if (frame.kind === 'chunked') {
      own.push(['Transfer-Encoding', frame.coding]);
      for (const { text, extension: more, upper, zeros } of frame.chunks) {
        const size = '0'.repeat(zeros) + text.length.toString(16);
        sent += `${upper ? size.toUpperCase() : size}${more}\r\n${text}\r\n`;
        body += text;
      }
      sent += `${frame.last}${frame.extension}\r\n${frame.trailers.map(line).join('')}\r\n`;
    } else if (frame.kind !== 'none') {
      body = frame.pieces.join('');
      sent = body;
      if (frame.kind === 'length') own.push(['content-LENGTH', String(body.length)]);
    }
    const head = [
      ...early.map((what) => `HTTP/1.1 ${what}\r\nx-early: 1\r\n\r\n`),
      `HTTP/1.${minor} ${status}${reason}\r\n`,
      ...before.map(line),
      ...own.map(([name, text]) => `${name}: ${text}\r\n`),
      ...after.map(line),
      '\r\n',
    ].join('');
    const told = (one: { name: string; value: string }) => [one.name, strip(one.value)] as const;
    return {
      bytes: head + sent,
      status,
      headers: [...before.map(told), ...own, ...after.map(told)],
      body,
      untilClose: frame.kind === 'until-close',
      reusable: minor === 1 && close !== 'close' && frame.kind !== 'until-close',
    };
  });

/** Repeated names as a list, in the order they came. */
function gathered(headers: readonly (readonly [string, string])[]): UpstreamHeaders {
  const lists = new Map<string, string[]>();
  for (const [name, text] of headers) {
    const known = lists.get(name.toLowerCase());
    if (known === undefined) lists.set(name.toLowerCase(), [text]);
    else known.push(text);
  }
  return Object.fromEntries([...lists].map(([name, texts]) => [name, texts.length === 1 ? texts[0] : texts]));
}

function cut(text: string, places: readonly number[]): Buffer[] {
  const at = [...new Set(places.map((place) => place % (text.length + 1)))].toSorted((a, b) => a - b);
  const from = [0, ...at];
  return from.map((start, index) => latin1(text.slice(start, from[index + 1]))).filter(({ length }) => length > 0);
}

const places = fc.oneof(
  fc.array(fc.nat(2000), { maxLength: 12 }),
  fc.constant(Array.from({ length: 3000 }, (_, n) => n)),
);

describe('a valid response', () => {
  it('is read exactly, wherever it is cut', () => {
    fc.assert(
      fc.property(response, places, (written, at) => {
        const { reader, answers } = reading();
        reader.expect();
        for (const bytes of cut(written.bytes, at)) reader.push(bytes);
        if (written.untilClose) {
          expect(answers[0]?.reusable).toBeUndefined();
          reader.end();
        }
        const { status, headers, body, reusable } = written;
        expect(answers).toEqual([{ status, headers: gathered(headers), body, reusable }]);
      }),
      { numRuns: 1000 },
    );
  });

  it('says what node:http reads from the same bytes', async () => {
    let current: Buffer[] = [];
    let untilClose = false;
    const server = createServer((socket) => {
      socket.setNoDelay(true).on('error', () => undefined);
      socket.once('data', () => {
        for (const bytes of current) socket.write(bytes);
        if (untilClose) socket.end();
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const nodeReads = async () => {
      const asked = request({ port, host: '127.0.0.1', agent: false }).end();
      const [answer]: IncomingMessage[] = await once(asked, 'response');
      if (answer === undefined) throw new Error('no answer');
      answer.setEncoding('latin1');
      let body = '';
      for await (const text of answer) body += text;
      asked.destroy();
      const raw = answer.rawHeaders;
      const pairs = raw.flatMap((name, at) => (at % 2 === 0 ? [[name, raw[at + 1] ?? ''] as const] : []));
      return { status: answer.statusCode, headers: gathered(pairs), body };
    };
    try {
      await fc.assert(
        fc.asyncProperty(response, fc.array(fc.nat(2000), { maxLength: 3 }), async (written, at) => {
          current = cut(written.bytes, at);
          untilClose = written.untilClose;
          const { status, headers, body } = read(written.bytes, { end: untilClose });
          expect(await nodeReads()).toEqual({ status, headers, body });
        }),
        { numRuns: 400 },
      );
    } finally {
      server.close();
    }
  });

  it('never mixes with the one after it on the same connection', () => {
    const kept = response.filter(({ reusable }) => reusable);
    fc.assert(
      fc.property(kept, response, places, (first, second, at) => {
        const { reader, answers } = reading();
        for (const { bytes, untilClose } of [first, second]) {
          reader.expect();
          for (const part of cut(bytes, at)) reader.push(part);
          if (untilClose) reader.end();
        }
        expect(answers.map(({ status, body, reusable }) => ({ status, body, reusable }))).toEqual(
          [first, second].map(({ status, body, reusable }) => ({ status, body, reusable })),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('ends its connection when anything follows in the same bytes, and none of it is told', () => {
    fc.assert(
      fc.property(
        response.filter(({ untilClose }) => !untilClose),
        response,
        (first, second) => {
          const { reader, answers } = reading();
          reader.expect();
          reader.push(latin1(first.bytes + second.bytes));
          expect(answers.map(({ body, reusable }) => ({ body, reusable }))).toEqual([
            { body: first.body, reusable: false },
          ]);
        },
      ),
    );
  });

  it('is broken when the connection closes anywhere within it', () => {
    fc.assert(
      fc.property(
        response.filter(({ untilClose }) => !untilClose),
        fc.nat(),
        (written, at) => {
          const { reader, answers } = reading();
          reader.expect();
          const part = latin1(written.bytes.slice(0, at % written.bytes.length));
          if (part.length > 0) reader.push(part);
          expect(() => reader.end()).toThrow(ProtocolError);
          expect(answers[0]?.reusable).toBeUndefined();
        },
      ),
    );
  });
});

describe('any bytes at all', () => {
  const noise = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
  /** A valid response with a few bytes exchanged, taken out or put in: closer to what hurts than noise is. */
  const damaged = fc
    .tuple(response, fc.array(fc.tuple(fc.nat(), fc.nat(2), fc.constantFrom(...DAMAGE)), { maxLength: 4 }))
    .map(([{ bytes }, changes]) =>
      changes.reduce((text, [where, more, character]) => {
        const at = where % (text.length + 1);
        return text.slice(0, at) + character + text.slice(at + more);
      }, bytes),
    );

  it.each([
    ['noise', noise],
    ['noise behind a good head', noise.map((text) => `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${text}`)],
    ['damaged responses', damaged],
  ])(
    '(%s) break with a ProtocolError or are read, never beyond what was sent, and alike however cut',
    (_what, texts) => {
      const outcome = (text: string, at: readonly number[]) => {
        const { reader, answers } = reading();
        try {
          reader.expect();
          for (const bytes of cut(text, at)) {
            reader.push(bytes);
            // What comes after a whole answer is the connection's affair, and depends on the cut.
            if (answers[0]?.reusable !== undefined) break;
          }
          reader.end();
        } catch (error) {
          if (!(error instanceof ProtocolError)) throw error;
          return { answers, broken: true };
        }
        return { answers, broken: false };
      };
      fc.assert(
        fc.property(texts, places, (text, at) => {
          const [whole, parts] = [outcome(text, []), outcome(text, at)];
          for (const { body } of whole.answers) expect(body.length).toBeLessThanOrEqual(text.length);
          expect(parts.broken).toBe(whole.broken);
          expect(parts.answers.map(({ body }) => body)).toEqual(whole.answers.map(({ body }) => body));
        }),
        { numRuns: 1000 },
      );
    },
  );
});

const OK = 'HTTP/1.1 200 OK\r\n';
const CHUNKED = `${OK}transfer-encoding: chunked\r\n\r\n`;

describe('what could be read in two ways', () => {
  it.each([
    ['a length and chunks', `${OK}content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['chunks and a length', `${OK}transfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n0\r\n\r\n`],
    ['two lengths', `${OK}content-length: 1\r\ncontent-length: 2\r\n\r\nab`],
    ['the same length twice', `${OK}content-length: 1\r\ncontent-length: 1\r\n\r\na`],
    ['a list of lengths', `${OK}content-length: 1, 1\r\n\r\na`],
    ['a coding twice', `${OK}transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['a list of codings', `${OK}transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
    ['another coding', `${OK}transfer-encoding: identity\r\n\r\n`],
    ['a coding in disguise', `${OK}transfer-encoding: xchunked\r\n\r\n0\r\n\r\n`],
    ['a quoted coding', `${OK}transfer-encoding: "chunked"\r\n\r\n0\r\n\r\n`],
    ['a coding of nothing', `${OK}transfer-encoding:\r\n\r\n0\r\n\r\n`],
    ['a negative length', `${OK}content-length: -1\r\n\r\n`],
    ['a length with a sign', `${OK}content-length: +1\r\n\r\na`],
    ['a hexadecimal length', `${OK}content-length: 0x1\r\n\r\na`],
    ['a length of nothing', `${OK}content-length:\r\n\r\n`],
    ['a fraction', `${OK}content-length: 1.0\r\n\r\na`],
    ['an exponent', `${OK}content-length: 1e0\r\n\r\na`],
    ['a length beyond all numbers', `${OK}content-length: 9999999999999999\r\n\r\na`],
    ['a length behind a no-break space', `${OK}content-length: \u00a01\r\n\r\na`],
    ['a length on a 204 that is none', `HTTP/1.1 204 No Content\r\ncontent-length: x\r\n\r\n`],
    ['a folded line', `${OK}x-a: 1\r\n 2\r\ncontent-length: 0\r\n\r\n`],
    ['a folded line with a colon', `${OK}x-a: 1\r\n\tcontent-length: 5\r\ncontent-length: 0\r\n\r\n`],
    ['a bare LF between headers', `${OK}x-a: 1\ncontent-length: 0\r\n\r\n`],
    ['a bare LF after the status line', 'HTTP/1.1 200 OK\ncontent-length: 0\r\n\r\n'],
    ['bare LFs only', 'HTTP/1.1 200 OK\ncontent-length: 0\n\n'],
    ['a bare CR in a value', `${OK}x-a: 1\rcontent-length: 5\r\ncontent-length: 0\r\n\r\n`],
    ['a NUL in a value', `${OK}x-a: 1\0\r\ncontent-length: 0\r\n\r\n`],
    ['a NUL in a name', `${OK}x\0a: 1\r\ncontent-length: 0\r\n\r\n`],
    ['a DEL in a value', `${OK}x-a: \x7f\r\ncontent-length: 0\r\n\r\n`],
    ['a space before the colon', `${OK}content-length : 0\r\n\r\n`],
    ['a space in a name', `${OK}x a: 1\r\ncontent-length: 0\r\n\r\n`],
    ['a line without a colon', `${OK}nothing\r\ncontent-length: 0\r\n\r\n`],
    ['a colon of the next line', `${OK}nothing\r\nx: 1\r\n\r\n`],
    ['a line without a name', `${OK}: 1\r\ncontent-length: 0\r\n\r\n`],
    ['a name beyond ASCII', `${OK}x-\u00e9: 1\r\ncontent-length: 0\r\n\r\n`],
    ['a name that objects know', `${OK}__proto__: 1\r\ncontent-length: 0\r\n\r\n`],
    ['a blank line before the status line', `\r\n${OK}content-length: 0\r\n\r\n`],
    ['another protocol', 'HTTP/2.0 200 OK\r\n\r\n'],
    ['a version of later days', 'HTTP/1.2 200 OK\r\ncontent-length: 0\r\n\r\n'],
    ['a version of earlier days', 'HTTP/0.9 200 OK\r\n\r\n'],
    ['a protocol in small letters', 'http/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'],
    ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n'],
    ['a status of four digits', 'HTTP/1.1 2000 OK\r\n\r\n'],
    ['a status beyond all classes', 'HTTP/1.1 600 OK\r\n\r\n'],
    ['two spaces before the status', 'HTTP/1.1  200 OK\r\n\r\n'],
    ['an upgrade', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\n\r\n'],
  ])('is refused: %s', (_what, text) => {
    expect(fates(text)).toEqual(REFUSED);
  });

  it.each([
    ['no size', '\r\n'],
    ['an extension alone', ';a=b\r\n'],
    ['a sign', '+1\r\na\r\n0\r\n\r\n'],
    ['a negative size', '-1\r\na\r\n0\r\n\r\n'],
    ['a prefix', '0x1\r\na\r\n0\r\n\r\n'],
    ['a letter that is no digit', 'g\r\n'],
    ['a leading space', ' 1\r\na\r\n0\r\n\r\n'],
    ['a trailing space', '1 \r\na\r\n0\r\n\r\n'],
    ['a size of thirteen digits', `${'f'.repeat(13)}\r\n`],
    ['a size that wraps round in 64 bits', '10000000000000001\r\na\r\n0\r\n\r\n'],
    ['a bare LF after the size', '1\na\r\n0\r\n\r\n'],
    ['a bare LF in an extension', '1;a\nb\r\na\r\n0\r\n\r\n'],
    ['a bare CR in an extension', '1;a\rb\r\na\r\n0\r\n\r\n'],
    ['a NUL in an extension', '1;\0\r\na\r\n0\r\n\r\n'],
    ['an extension without end', `1;${'x'.repeat(300)}\r\na\r\n0\r\n\r\n`],
    ['more bytes than the size', '1\r\nab\r\n0\r\n\r\n'],
    ['fewer bytes than the size', '3\r\na\r\n0\r\n\r\n'],
    ['a bare LF after the bytes', '1\r\na\n0\r\n\r\n'],
    ['a bare CR after the bytes', '1\r\na\r0\r\n\r\n'],
    ['a trailer without a colon', '0\r\nnothing\r\n\r\n'],
    ['a folded trailer', '0\r\nx-a: 1\r\n 2\r\n\r\n'],
    ['a trailer with a bare LF', '0\r\nx-a: 1\nx-b: 2\r\n\r\n'],
    ['a trailer with a NUL', '0\r\nx-a: \0\r\n\r\n'],
    ['trailers without end', `0\r\n${`x-a: ${'1'.repeat(1000)}\r\n`.repeat(70)}\r\n`],
  ])('is refused in chunks: %s', (_what, text) => {
    expect(fates(CHUNKED + text)).toEqual(REFUSED);
  });

  it.each([
    ['an extension', '1;a=b;c="d"\r\nx\r\n0;e\r\n\r\n'],
    ['blanks before an extension', '1 \t; a = b\r\nx\r\n0\r\n\r\n'],
    ['zeros before a size', '0001\r\nx\r\n000\r\n\r\n'],
    ['trailers, which nobody hears of', '1\r\nx\r\n0\r\ncontent-length: 5\r\nx-sum: 1\r\n\r\n'],
  ])('is read where it is clear: %s', (_what, text) => {
    expect(read(CHUNKED + text)).toEqual({
      status: 200,
      headers: { 'transfer-encoding': 'chunked' },
      body: 'x',
      reusable: true,
    });
  });

  it('is refused when the size is huge and the connection ends first', () => {
    expect(fates(`${CHUNKED}${'f'.repeat(12)}\r\nabc`)).toEqual(REFUSED);
  });
});

describe('an answer without a body', () => {
  it.each([204, 304])('(%i) ends with its head', (status) => {
    expect(read(`HTTP/1.1 ${status}\r\n\r\n`)).toMatchObject({ body: '', reusable: true });
    expect(read(`HTTP/1.1 ${status}\r\ncontent-length: 0\r\n\r\n`)).toMatchObject({ body: '', reusable: true });
  });

  it.each([
    [204, 'content-length: 5'],
    [204, 'transfer-encoding: chunked'],
    [304, 'content-length: 5'],
    [304, 'transfer-encoding: chunked'],
  ])('(%i with %s) ends with its head, and its connection is not trusted again', (status, announced) => {
    expect(read(`HTTP/1.1 ${status}\r\n${announced}\r\n\r\n`)).toMatchObject({ body: '', reusable: false });
  });

  it('of length 0 leaves the connection to the next', () => {
    expect(read(`${OK}content-length: 0\r\n\r\n`)).toMatchObject({ body: '', reusable: true });
  });
});

describe('a connection', () => {
  it.each([
    ['HTTP/1.0', 'HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\na'],
    ['HTTP/1.0 that would keep it', 'HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 1\r\n\r\na'],
    ['HTTP/1.0 in chunks', 'HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n'],
    ['close', `${OK}connection: close\r\ncontent-length: 1\r\n\r\na`],
    ['Close in a list', `${OK}connection: x-a, Close\r\ncontent-length: 1\r\n\r\na`],
    ['close on a second line', `${OK}connection: x-a\r\nconnection: close\r\ncontent-length: 1\r\n\r\na`],
  ])('is not used again after %s', (_what, text) => {
    expect(read(text)).toMatchObject({ body: 'a', reusable: false });
  });

  it('that ends where nothing is expected is no fault', () => {
    const { reader, answers } = reading();
    reader.end();
    expect(answers).toEqual([]);
  });

  it('on which the peer speaks unasked is broken', () => {
    const { reader } = reading();
    expect(() => reader.push(latin1(OK))).toThrow(ProtocolError);
    reader.expect();
    reader.push(latin1(`${OK}content-length: 0\r\n\r\n`));
    expect(() => reader.push(latin1('x'))).toThrow(ProtocolError);
  });

  it('that only ever announces an answer is broken when it ends', () => {
    expect(fates('HTTP/1.1 100 Continue\r\n\r\n')).toEqual(REFUSED);
  });
});

describe('a head', () => {
  it('is read up to 64 KiB and no further, also when its end never comes', () => {
    const filled = (bytes: number) => `${OK}content-length: 0\r\nx-a: ${'x'.repeat(bytes)}`;
    const room = 64 * 1024 - filled(0).length;
    expect(read(`${filled(room)}\r\n\r\n`)).toMatchObject({ status: 200 });
    expect(() => read(`${filled(room + 1)}\r\n\r\n`)).toThrow(ProtocolError);
    const { reader } = reading();
    reader.expect();
    const piece = latin1('x'.repeat(1024));
    expect(() => {
      for (let count = 0; count < 66; count++) reader.push(piece);
    }).toThrow(ProtocolError);
  });

  it('may name what every object has', () => {
    const { headers } = read(`${OK}constructor: 1\r\nconstructor: 2\r\nvalueOf: 3\r\ncontent-length: 0\r\n\r\n`);
    expect(Object.entries(headers)).toEqual([
      ['constructor', ['1', '2']],
      ['valueof', '3'],
      ['content-length', '0'],
    ]);
  });

  it('with a made-up name is read however many there have been', () => {
    const names = new HeaderNames();
    for (let count = 0; count < 2000; count++) expect(names.lower(`X-${count}`)).toBe(`x-${count}`);
  });
});
