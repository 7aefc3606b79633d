/** Moderations and classifications, of texts and of chats, and OCR: plausible scores and pages, enough to pass through. */
import { jsonReply, type Reply } from '../http/reply.ts';
import { asText, isArray, isObject, type Json, type JsonObject } from '../json.ts';
import type { Call } from '../personality.ts';
import { drawHex, hashText, seededRng } from '../seeded-rng.ts';
import { prose } from '../text/prose.ts';
import { countTokens } from '../text/tokens.ts';
import { admit, type InferenceDeps, modelFor } from './chat.ts';
import { RETRY_HEADER } from './headers.ts';
import { chatInputSchema, textInputSchema } from './schema.ts';
import { unprocessable } from './errors.ts';
import { validate } from './validate.ts';

const CATEGORIES = [
  'sexual',
  'hate_and_discrimination',
  'violence_and_threats',
  'dangerous',
  'criminal',
  'selfharm',
  'health',
  'financial',
  'law',
  'pii',
  'jailbreaking',
];

export function moderate(deps: InferenceDeps, call: Call): Reply {
  const { model, texts, id } = judge(deps, call);
  const results = texts.map((text) => {
    const scores = scoresOf(text, CATEGORIES);
    const categories = Object.fromEntries(Object.entries(scores).map(([name, score]) => [name, score > 0.5]));
    return { categories, category_scores: scores };
  });
  const tokens = texts.reduce((sum, text) => sum + countTokens(text), 0);
  const usage = { prompt_tokens: tokens, total_tokens: tokens, completion_tokens: 0 };
  return jsonReply(200, { id, model, usage, results }, RETRY_HEADER);
}

export function classify(deps: InferenceDeps, call: Call): Reply {
  const { model, texts, id } = judge(deps, call);
  const results = texts.map((text) => ({ moderation: { scores: scoresOf(text, CATEGORIES) } }));
  return jsonReply(200, { id, model, results }, RETRY_HEADER);
}

function judge(deps: InferenceDeps, call: Call): { model: string; texts: string[]; id: string } {
  const chats = call.request.url?.includes('/chat/') === true;
  const { model } = chats ? validate(chatInputSchema, call.json) : validate(textInputSchema, call.json);
  admit(deps, call, modelFor(deps.models, model, 'moderation'));
  const input = call.json['input'];
  const inputs = isArray(input) && !(chats && isObject(input[0])) ? input : [input ?? ''];
  const texts = inputs.map((one: Json) => (typeof one === 'string' ? one : JSON.stringify(one)));
  return { model, texts, id: drawHex(deps.rng, 32) };
}

/** Small scores, but for a text that names a category in brackets: `[flag:pii]`. */
function scoresOf(text: string, names: readonly string[]): Record<string, number> {
  const rng = seededRng(hashText(text));
  return Object.fromEntries(
    names.map((name) => {
      const score = Number((rng() * 0.05).toFixed(6));
      return [name, text.includes(`[flag:${name}]`) ? 0.98 : score];
    }),
  );
}

export function ocr(deps: InferenceDeps, call: Call): Reply {
  const model = asText(call.json['model']);
  const document = call.json['document'];
  if (!isObject(document)) {
    throw unprocessable([{ type: 'missing', loc: ['body', 'document'], msg: 'Field required', input: call.json }]);
  }
  admit(deps, call, modelFor(deps.models, model, 'ocr'));
  const asked = call.json['pages'];
  const indexes = isArray(asked) ? asked.filter((page) => typeof page === 'number') : [0, 1];
  const seed = hashText(JSON.stringify(document));
  const body = {
    pages: indexes.slice(0, 1000).map((index) => pageOf(seed, index)),
    model,
    document_annotation: null,
    usage_info: { pages_processed: indexes.length, doc_size_bytes: 1000 + (seed % 100_000) },
  };
  return jsonReply(200, body, RETRY_HEADER);
}

function pageOf(seed: number, index: number): JsonObject {
  return {
    index,
    markdown: `# Page ${index + 1}\n\n${prose(seed + index, 40)}`,
    images: [],
    tables: [],
    hyperlinks: [],
    header: null,
    footer: null,
    dimensions: { dpi: 200, height: 2200, width: 1700 },
  };
}
