/**
 * OpenTelemetry's semantic conventions, as far as they bind a gateway of models: those of HTTP for who serves, those of
 * GenAI for who calls a model. Spelt out here, and not taken from the code that is judged by them.
 *
 * https://opentelemetry.io/docs/specs/semconv/http/http-spans and .../gen-ai/gen-ai-spans
 */
import type { AttributeValue, ReceivedSpan } from './otlp-collector.ts';

type Judge = (value: AttributeValue) => boolean;

const isText: Judge = (value) => typeof value === 'string' && value !== '';
const isCount: Judge = (value) => typeof value === 'number' && Number.isInteger(value) && value >= 0;
const isSeconds: Judge = (value) => typeof value === 'number' && value >= 0;
const isFlag: Judge = (value) => typeof value === 'boolean';
const isOneOf =
  (...words: readonly string[]): Judge =>
  (value) =>
    typeof value === 'string' && words.includes(value);

const isMethod = isOneOf('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'CONNECT', 'TRACE', '_OTHER');

/** All that may stand on a span beside our own, and what each has to be. */
const KNOWN: Readonly<Record<string, Judge>> = {
  'error.type': isText,
  'http.request.method': isMethod,
  'http.response.status_code': isCount,
  'http.route': (value) => typeof value === 'string' && value.startsWith('/'),
  'server.address': isText,
  'server.port': isCount,
  'url.full': (value) => typeof value === 'string' && URL.canParse(value),
  'url.path': (value) => typeof value === 'string' && /^\/[^?#]*$/.test(value),
  'url.scheme': isOneOf('http', 'https'),
  'gen_ai.operation.name': isOneOf('chat', 'text_completion', 'embeddings'),
  'gen_ai.provider.name': isOneOf('mistral_ai', 'openai'),
  'gen_ai.request.model': isText,
  'gen_ai.request.stream': isFlag,
  'gen_ai.response.model': isText,
  'gen_ai.response.time_to_first_chunk': isSeconds,
  'gen_ai.usage.input_tokens': isCount,
  'gen_ai.usage.output_tokens': isCount,
  'gen_ai.usage.cache_read.input_tokens': isCount,
};

const REQUIRED: Readonly<Record<'SERVER' | 'CLIENT', readonly string[]>> = {
  SERVER: ['http.request.method', 'url.path', 'url.scheme', 'http.route', 'http.response.status_code'],
  CLIENT: [
    'gen_ai.operation.name',
    'gen_ai.provider.name',
    'gen_ai.request.model',
    'http.request.method',
    'server.address',
    'server.port',
    'url.full',
  ],
};

/** What is wrong with a span, in words; nothing when it is as the conventions have it. */
export function breachesOf(span: ReceivedSpan): string[] {
  const { kind, name, attributes } = span;
  if (kind === 'other') return [`${name}: neither serves nor calls`];
  const of = (attribute: string) => `${kind} ${name}: ${attribute}`;
  const wrong = Object.entries(attributes)
    .filter(([attribute]) => !attribute.startsWith('leeward.'))
    .filter(([attribute, value]) => KNOWN[attribute]?.(value) !== true)
    .map(([attribute, value]) => `${of(attribute)} is ${JSON.stringify(value)}`);
  const missing = REQUIRED[kind].filter((attribute) => attributes[attribute] === undefined).map(of);
  return [...wrong, ...missing.map((text) => `${text} is missing`), ...nameBreaches(span), ...statusBreaches(span)];
}

function nameBreaches({ kind, name, attributes }: ReceivedSpan): string[] {
  const words =
    kind === 'SERVER'
      ? [attributes['http.request.method'], attributes['http.route']]
      : [attributes['gen_ai.operation.name'], attributes['gen_ai.request.model']];
  const wanted = words.join(' ');
  return name === wanted ? [] : [`${kind} is named ${name}, not ${wanted}`];
}

/** A server fails by its own fault alone; whoever calls fails by any. What failed says how, and nothing else does. */
function statusBreaches({ kind, name, status, attributes }: ReceivedSpan): string[] {
  const code = Number(attributes['http.response.status_code'] ?? 0);
  const breaches: string[] = [];
  if ((attributes['error.type'] !== undefined) !== (status === 'ERROR')) {
    breaches.push(`error.type and the status ${status} disagree`);
  }
  if (kind === 'SERVER' && code >= 400 && code < 500 && status !== 'UNSET') breaches.push(`${code} is an error`);
  if (kind === 'CLIENT' && code >= 400 && status !== 'ERROR') breaches.push(`${code} is no error`);
  if (code >= 500 && status !== 'ERROR') breaches.push(`${code} is no error`);
  return breaches.map((breach) => `${kind} ${name}: ${breach}`);
}
