import { expect, it } from 'vitest';
import { parseForm } from './form.ts';
import { Router } from './router.ts';

it('finds routes by method and path, with the named segments decoded', () => {
  const router = new Router<string>()
    .on('GET', '/v1/models', 'list')
    .on('GET', '/v1/files/:id/content', 'content')
    .on('GET', '/v1/models/:id', 'one');
  expect(router.find('GET', '/v1/models')).toEqual({ handler: 'list', params: {} });
  expect(router.find('GET', '/v1/models/ft%3Aopen%2Fx')).toEqual({ handler: 'one', params: { id: 'ft:open/x' } });
  expect(router.find('GET', '/v1/files/7/content')).toEqual({ handler: 'content', params: { id: '7' } });
  for (const path of ['/', '/v1/models/', '/v1/models/a/b', '/v1/models/%']) {
    expect(router.find('GET', path)).toBeUndefined();
  }
  expect(router.find('POST', '/v1/models')).toBeUndefined();
});

it('reads a form’s fields and keeps the bytes of its files', async () => {
  const form = new FormData();
  form.set('purpose', 'batch');
  form.set('file', new File([new Uint8Array([0, 13, 10, 255])], 'a b.bin', { type: 'application/x-thing' }));
  const sent = new Response(form);
  const body = Buffer.from(await sent.arrayBuffer());
  const read = parseForm(sent.headers.get('content-type') ?? '', body);
  expect(read?.fields.get('purpose')).toBe('batch');
  expect(read?.files.get('file')).toEqual({
    filename: 'a b.bin',
    mimeType: 'application/x-thing',
    bytes: Buffer.from([0, 13, 10, 255]),
  });
  expect(parseForm('application/json', body)).toBeUndefined();
  expect(parseForm('multipart/form-data; boundary=x', Buffer.from('no parts'))?.files.size).toBe(0);
});
