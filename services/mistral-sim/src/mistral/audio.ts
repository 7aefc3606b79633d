/** Transcription (multipart in, JSON or named events out) and speech (JSON in, base64 inside JSON out). */
import { jsonReply, namedEvent, type Reply } from '../http/reply.ts';
import { asText } from '../json.ts';
import type { Call } from '../personality.ts';
import { hashText, seededRng } from '../seeded-rng.ts';
import { prose } from '../text/prose.ts';
import { countTokens, cutIntoGroups } from '../text/tokens.ts';
import { admit, type InferenceDeps, modelFor } from './chat.ts';
import { errorFrame } from './chat-body.ts';
import { unprocessable } from './errors.ts';
import { missing, readForm } from './files.ts';
import { RETRY_HEADER } from './headers.ts';

export const EVENT_STREAM_HEADERS = { 'content-type': 'text/event-stream; charset=utf-8', ...RETRY_HEADER };

/** The text of a recording depends on its bytes alone. */
export function transcribe(deps: InferenceDeps, call: Call): Reply {
  const { fields, files } = readForm(call);
  const name = fields.get('model');
  if (name === undefined) throw unprocessable([missing('model')]);
  const recording = files.get('file')?.bytes.toString('latin1') ?? fields.get('file_url') ?? fields.get('file_id');
  if (recording === undefined) throw unprocessable([missing('file')]);
  admit(deps, call, modelFor(deps.models, name, 'audio'));
  const seed = hashText(recording);
  const text = prose(seed, 24);
  const language = fields.get('language') ?? 'en';
  const seconds = 1 + (seed % 60);
  const tokens = countTokens(text);
  const usage = {
    prompt_audio_seconds: seconds,
    prompt_tokens: 4,
    total_tokens: 4 + tokens,
    completion_tokens: tokens,
  };
  const segment = { type: 'transcription_segment', text, start: 0, end: seconds, score: null, speaker_id: null };
  const whole = { model: name, text, language, segments: [segment], usage };
  if (fields.get('stream') !== 'true') return { ...jsonReply(200, whole, RETRY_HEADER), tokens };
  return {
    kind: 'stream',
    headers: EVENT_STREAM_HEADERS,
    frames: [
      namedEvent('transcription.language', { audio_language: language }),
      ...cutIntoGroups(text, () => 3).map((piece) =>
        namedEvent('transcription.text.delta', { text: piece.text }, piece.tokens),
      ),
      namedEvent('transcription.segment', { text, start: 0, end: seconds }),
      namedEvent('transcription.done', whole),
    ],
    errorFrame: (form) => errorFrame({ id: '', created: 0, model: name }, form),
  };
}

/** Seconds of noise, as many as the text is long: a stand-in for a voice. */
export function speak(deps: InferenceDeps, call: Call): Reply {
  const input = call.json['input'];
  if (typeof input !== 'string') throw unprocessable([missing('input')]);
  const name = asText(call.json['model']) || 'voxtral-mini-tts-latest';
  admit(deps, call, modelFor(deps.models, name, 'audio'));
  const rng = seededRng(hashText(input));
  const sound = Buffer.from(Array.from({ length: Math.min(input.length * 16, 65_536) }, () => Math.floor(rng() * 256)));
  const tokens = countTokens(input);
  if (call.json['stream'] !== true) {
    return { ...jsonReply(200, { audio_data: sound.toString('base64') }, RETRY_HEADER), tokens };
  }
  const half = sound.length >> 1;
  const usage = { prompt_tokens: tokens, total_tokens: tokens, completion_tokens: 0 };
  return {
    kind: 'stream',
    headers: EVENT_STREAM_HEADERS,
    frames: [
      namedEvent('speech.audio.delta', { audio_data: sound.subarray(0, half).toString('base64') }, tokens),
      namedEvent('speech.audio.delta', { audio_data: sound.subarray(half).toString('base64') }, tokens),
      namedEvent('speech.audio.done', { usage }),
    ],
    errorFrame: (form) => errorFrame({ id: '', created: 0, model: name }, form),
  };
}
