import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { oneProvider, openGateway } from '../fixtures/open-gateway.ts';
import { answersChat, chatBody, openUpstream } from '../fixtures/open-upstream.ts';
import { modelPathOf, surfaceOf, vendorPathOf } from './paths.ts';

const SURFACES = [
  ['chat', '/chat/completions'],
  ['fim', '/fim/completions'],
  ['embeddings', '/embeddings'],
  ['models', '/models'],
] as const;

describe('a surface', () => {
  for (const [prefix, dialect] of [
    ['', 'auto'],
    ['/mistral', 'mistral'],
    ['/openai', 'openai'],
  ] as const) {
    for (const version of ['/v1', '/v1/v1']) {
      test.each(SURFACES)(`${prefix}${version} leads to %s`, (surface, path) => {
        const expected = { surface, dialect, path: `/v1${path}` };
        expect(surfaceOf(prefix + version + path)).toEqual(expected);
        expect(surfaceOf(`${prefix}${version}${path}/`)).toEqual(expected);
        expect(surfaceOf(`${prefix}${version}${path}?beta=true&x=%2F`)).toEqual(expected);
        expect(surfaceOf(`${prefix}${version}${path}/?beta=true`)).toEqual(expected);
        expect(surfaceOf(`http://gateway:8080${prefix}${version}${path}`)).toEqual(expected);
      });
    }
  }

  test.each([
    '',
    '/',
    '*',
    '/v1',
    '/v2/chat/completions',
    '/v1/chat',
    '/V1/chat/completions',
    '/v1/v1/v1/models',
    '/v1/models//',
    '/v1/models/a',
  ])('is none at %j', (url) => {
    expect(surfaceOf(url)).toBeUndefined();
  });
});

describe('one model', () => {
  test.each([
    ['/v1/models/mistral-large-latest', 'auto', 'mistral-large-latest'],
    ['/v1/v1/models/a', 'auto', 'a'],
    ['/mistral/v1/models/a?x=1', 'mistral', 'a'],
    ['/openai/v1/models/ft%3Aopen%2Fmistral/', 'openai', 'ft:open/mistral'],
    ['http://gateway:8080/openai/v1/v1/models/a', 'openai', 'a'],
    ['/v1/models/100%', 'auto', '100%'],
    ['/v1/models/__proto__', 'auto', '__proto__'],
  ] as const)('%s is %s, %s', (url, dialect, model) => {
    expect(modelPathOf(url)).toEqual({ dialect, model });
  });

  test.each(['/v1/models', '/v1/models/', '/v1/models/a/b', '/v2/models/a', '/models/a', '/mistralx/v1/models/a'])(
    'is none at %s',
    (url) => {
      expect(modelPathOf(url)).toBeUndefined();
    },
  );
});

describe('a path of the vendor’s own', () => {
  test.each([
    ['/v1/files', '/v1/files'],
    ['/v1/files/abc/content?download=1', '/v1/files/abc/content?download=1'],
    ['/mistral/v1/ocr', '/v1/ocr'],
    ['/openai/v1/v1/batch/jobs', '/v1/batch/jobs'],
    ['/v1/v2/x', '/v2/x'],
    ['http://gateway/v1/files?a=b', '/v1/files?a=b'],
    ['/v1/models/mistral-large-latest', '/v1/models/mistral-large-latest'],
    ['/v1/files/..hidden', '/v1/files/..hidden'],
    ['/v1/files?path=../up', '/v1/files?path=../up'],
  ])('%s goes on as %s', (url, path) => {
    expect(vendorPathOf(url)).toBe(path);
  });

  test.each([
    '/',
    '/admin',
    '/v3/files',
    '/anthropic/v1/messages',
    '//evil/v1/files',
    '/xv1/files',
    'ftp://x/v1/files',
  ])('is none at %s', (url) => {
    expect(vendorPathOf(url)).toBeUndefined();
  });

  test('never holds a dot segment, however it is spelt', () => {
    const slash = fc.constantFrom('/', '%2f', '%2F', '\\', '%5c', '%5C');
    const dots = fc.constantFrom('.', '..', '%2e', '%2E%2e', '.%2E', '%2e.');
    const end = fc.constantFrom('', '/', '/admin', '%2Fadmin', '\\x', ';x/admin', '#x', '?x=1');
    fc.assert(
      fc.property(fc.constantFrom('', 'files', 'a/b'), slash, dots, end, (start, before, segment, after) => {
        expect(vendorPathOf(`/v1/${start}${before}${segment}${after}`)).toBeUndefined();
      }),
    );
  });
});

describe('at the data port', () => {
  test('a method that the path does not take is refused with the one it takes', async () => {
    await using upstream = await openUpstream(answersChat);
    await using gateway = await openGateway(oneProvider(upstream.url, { auth: 'none' }));
    for (const [method, path, allow] of [
      ['GET', '/v1/chat/completions', 'POST'],
      ['DELETE', '/openai/v1/embeddings', 'POST'],
      ['HEAD', '/v1/fim/completions', 'POST'],
      ['OPTIONS', '/mistral/v1/chat/completions', 'POST'],
      ['POST', '/v1/models', 'GET'],
    ] as const) {
      const response = await fetch(gateway.dataUrl + path, { method });
      expect(response.status).toBe(405);
      expect(response.headers.get('allow')).toBe(allow);
      const body = await response.text();
      expect(body === '' ? method : body).toContain(method === 'HEAD' ? 'HEAD' : 'GW_METHOD_NOT_ALLOWED');
    }
    expect(upstream.seen()).toBe(0);
  });

  test('an unknown path is a 404 that says where paths begin', async () => {
    await using upstream = await openUpstream(answersChat);
    await using gateway = await openGateway(oneProvider(upstream.url, { auth: 'none' }));
    for (const path of ['/', '/chat/completions', '/anthropic/v1/messages', '/v1/x%2f..%2fy', '/v1/files/..;/admin']) {
      const response = await fetch(gateway.dataUrl + path, { method: 'POST', body: chatBody() });
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({ code: 'GW_UNKNOWN_PATH', message: expect.stringContaining('/v1') });
    }
    expect(upstream.seen()).toBe(0);
    expect(await gateway.metric('leeward_requests_total', 'route="other"', 'status="404"')).toBe(5);
  });
});
