/** /v1/files: multipart in, the same bytes out. */
import { createHash } from 'node:crypto';
import { type Form, parseForm } from '../http/form.ts';
import { jsonReply, type Reply } from '../http/reply.ts';
import { Kept } from '../kept.ts';
import type { Call, SimulatorParts } from '../personality.ts';
import { drawUuidV7 } from '../seeded-rng.ts';
import { type Detail, notFound, unprocessable } from './errors.ts';

export interface StoredFile {
  readonly card: { readonly id: string; readonly [field: string]: unknown };
  readonly workspace: string;
  readonly mimeType: string;
  readonly bytes: Buffer;
}

export class Files {
  readonly #parts: SimulatorParts;
  readonly #kept: Kept<StoredFile>;

  constructor(parts: SimulatorParts) {
    this.#parts = parts;
    this.#kept = new Kept(parts.options.kept);
  }

  upload(call: Call): Reply {
    const form = readForm(call);
    const file = form.files.get('file');
    if (file === undefined) throw unprocessable([missing('file')]);
    const { bytes, filename, mimeType } = file;
    const { clock, rng } = this.#parts;
    const card = {
      id: drawUuidV7(rng, clock.wallMs()),
      object: 'file',
      bytes: bytes.length,
      created_at: Math.floor(clock.wallMs() / 1000),
      filename,
      purpose: form.fields.get('purpose') ?? 'fine-tune',
      sample_type: 'instruct',
      num_lines: bytes.filter((byte) => byte === 10).length,
      mimetype: mimeType,
      source: 'upload',
      signature: createHash('md5').update(bytes).digest('hex'),
    };
    this.#kept.set(card.id, { card, workspace: call.account.workspace, mimeType, bytes });
    return jsonReply(200, card);
  }

  list(call: Call): Reply {
    const data = this.#kept.all().filter((file) => file.workspace === call.account.workspace);
    return jsonReply(200, { data: data.map((file) => file.card), object: 'list', total: data.length });
  }

  get(call: Call): Reply {
    return jsonReply(200, { ...this.#find(call).card, deleted: false });
  }

  content(call: Call): Reply {
    const { bytes, mimeType } = this.#find(call);
    return { kind: 'whole', status: 200, headers: { 'content-type': mimeType }, body: bytes, tokens: 0 };
  }

  delete(call: Call): Reply {
    const { id } = this.#find(call).card;
    this.#kept.delete(id);
    return jsonReply(200, { id, object: 'file', deleted: true });
  }

  clear(): void {
    this.#kept.clear();
  }

  #find(call: Call): StoredFile {
    const file = this.#kept.get(call.params['id'] ?? '');
    if (file === undefined || file.workspace !== call.account.workspace) throw notFound('File');
    return file;
  }
}

/** The body as a form; when it is none, the application sees a body without any of its fields. */
export function readForm(call: Call): Form {
  const form = parseForm(call.request.headers['content-type'] ?? '', call.body);
  if (form === undefined) throw unprocessable([missing('file')]);
  return form;
}

export function missing(field: string): Detail {
  return { type: 'missing', loc: ['body', field], msg: 'Field required', input: null };
}
