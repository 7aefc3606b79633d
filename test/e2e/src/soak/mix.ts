/**
 * What the soak's clients send, in fixed shares and a fixed order, and what each of them must get. Nothing is random:
 * two runs of the same length send the same requests.
 */
import { createHash } from 'node:crypto';
import { answerFor, embed } from '@leeward/mistral-sim';
import { CLIENT_KEY } from '../gateway-process.ts';
import { type RawAnswer, type RawCall, streamText, wholeText } from '../raw-client.ts';

export interface Step {
  readonly kind: Kind;
  readonly call: RawCall;
  /** What is wrong with the answer; undefined when it is right. */
  readonly check: (answer: RawAnswer) => string | undefined;
}

/** Of every hundred requests. */
const SHARES = {
  whole: 31,
  stream: 31,
  embedding: 8,
  'big prompt': 4,
  'wildcard model': 8,
  'unknown model': 3,
  'leaves midway': 7,
  'bad request': 5,
  upload: 3,
} as const;

export type Kind = keyof typeof SHARES;

export const KINDS = Object.keys(SHARES) as Kind[];

const ORDER: readonly Kind[] = KINDS.flatMap((kind) => Array.from({ length: SHARES[kind] }, () => kind));

/** Coprime to a hundred, so that kinds alternate and each still gets its share. */
const STRIDE = 37;

/** More models than the gateway keeps a wildcard's state of (256), so that old ones are forgotten all the time. */
export const WILDCARD_MODELS = Array.from({ length: 900 }, (_, at) => `soak-model-${at}`);

export const MODEL = 'mistral-small-latest';
export const EMBEDDING_MODEL = 'mistral-embed';
const EMBEDDING_SIZE = 1024;

/** A long document: some fifty thousand tokens. */
const DOCUMENT = 'The harbour master notes every arrival and departure in a book of his own. '.repeat(2700);

const FILE = Buffer.alloc(65_536, 'one line of a file that is passed through\n');
const FILE_MD5 = createHash('md5').update(FILE).digest('hex');

export function stepOf(index: number, dataUrl: string): Step {
  const kind = ORDER[(index * STRIDE) % ORDER.length] ?? 'whole';
  const round = Math.floor(index / ORDER.length);
  // Whatever a kind has several of (dialects, models, ways to be wrong), it takes them by turns, round after round.
  const turn = index + round;
  const base = `${dataUrl}${turn % 2 === 0 ? '/openai' : '/mistral'}`;
  const isStream = Math.floor(turn / 2) % 2 === 0;
  const name = `soak ${index}`;
  switch (kind) {
    case 'whole':
      return chat({ kind, base, prompt: name });
    case 'stream':
      return chat({ kind, base, prompt: name, stream: true });
    case 'big prompt':
      return chat({ kind, base, prompt: `${name} ${DOCUMENT}`, stream: isStream });
    case 'wildcard model':
      return chat({
        kind,
        base,
        prompt: name,
        stream: isStream,
        model: WILDCARD_MODELS[turn % WILDCARD_MODELS.length] ?? MODEL,
      });
    case 'leaves midway': {
      const { call } = chat({ kind, base, prompt: `${name} [words=120]`, stream: true });
      return { kind, call: { ...call, leavesMidway: true }, check: wantStatus(200) };
    }
    case 'unknown model': {
      const { call } = chat({ kind, base, prompt: name, model: `made-up-${index}` });
      // One fault on the way can hide the refusal behind the fault of another key; it must be an error all the same.
      return { kind, call, check: ({ status }) => (status >= 400 ? undefined : `${status} for a made-up model`) };
    }
    case 'embedding':
      return embedding(base, name);
    case 'bad request':
      return bad(Math.floor(turn / 2), base);
    case 'upload':
      return upload(dataUrl, name);
  }
}

interface ChatStep {
  readonly kind: Kind;
  readonly base: string;
  readonly prompt: string;
  readonly stream?: boolean;
  readonly model?: string;
}

function chat({ kind, base, prompt, stream = false, model = MODEL }: ChatStep): Step {
  const messages = [{ role: 'user', content: prompt }];
  return {
    kind,
    call: json(`${base}/v1/chat/completions`, { model, messages, stream }),
    check: ({ status, body }) => {
      if (status !== 200) return `${status}: ${body.toString().slice(0, 200)}`;
      const text = stream ? streamText(body) : wholeText(body);
      const expected = answerFor({ messages }).text;
      return text === expected ? undefined : `${JSON.stringify(text)?.slice(0, 200)} is not the expected text`;
    },
  };
}

function embedding(base: string, input: string): Step {
  return {
    kind: 'embedding',
    call: json(`${base}/v1/embeddings`, { model: EMBEDDING_MODEL, input: [input] }),
    check: ({ status, body }) => {
      if (status !== 200) return `${status}: ${body.toString().slice(0, 200)}`;
      const { data } = JSON.parse(body.toString()) as { data: readonly { embedding: readonly number[] }[] };
      const expected = embed(input, EMBEDDING_SIZE);
      return data[0]?.embedding.every((value, at) => value === expected[at]) === true ? undefined : 'another vector';
    },
  };
}

/** Four ways to ask wrongly; the last is the upstream's to refuse. */
function bad(turn: number, base: string): Step {
  const { call } = chat({ kind: 'bad request', base, prompt: 'never answered' });
  const steps: readonly [RawCall, number][] = [
    [{ ...call, body: '{"model": "mistral-small-latest", "messages": [' }, 400],
    [{ ...call, headers: { ...call.headers, authorization: 'Bearer not-a-key' } }, 401],
    [{ ...call, url: `${base}/nothing/here` }, 404],
    [json(call.url, { model: MODEL, messages: [] }), 400],
  ];
  const [wrong, status] = steps[turn % steps.length] ?? [call, 400];
  return { kind: 'bad request', call: wrong, check: wantStatus(status) };
}

function upload(dataUrl: string, name: string): Step {
  const boundary = 'soak-boundary';
  const part = (disposition: string) => `--${boundary}\r\ncontent-disposition: form-data; ${disposition}\r\n`;
  const body = Buffer.concat([
    Buffer.from(`${part('name="purpose"')}\r\nbatch\r\n`),
    Buffer.from(`${part(`name="file"; filename="${name}.jsonl"`)}content-type: application/jsonl\r\n\r\n`),
    FILE,
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ]);
  const headers = {
    authorization: `Bearer ${CLIENT_KEY}`,
    'content-type': `multipart/form-data; boundary=${boundary}`,
  };
  return {
    kind: 'upload',
    call: { url: `${dataUrl}/v1/files`, headers, body },
    check: (answer) => {
      if (answer.status !== 200) return `${answer.status}: ${answer.body.toString().slice(0, 200)}`;
      const card = JSON.parse(answer.body.toString()) as { signature?: string };
      return card.signature === FILE_MD5 ? undefined : 'another file arrived';
    },
  };
}

function json(url: string, body: object): RawCall {
  const headers = { authorization: `Bearer ${CLIENT_KEY}`, 'content-type': 'application/json' };
  return { url, headers, body: JSON.stringify(body) };
}

function wantStatus(wanted: number): Step['check'] {
  return ({ status, body }) =>
    status === wanted ? undefined : `${status} instead of ${wanted}: ${body.toString().slice(0, 200)}`;
}
