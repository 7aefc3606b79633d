import { describe, expect, it } from 'vitest';
import { Refusal } from '../http/reply.ts';
import type { Answer } from '../text/answer.ts';
import { type ChatAnswer, chatFrames } from './chat-body.ts';
import { chatSchema, validate } from './schema.ts';

const text: Answer = {
  text: 'Here it.',
  generated: 'Here it.',
  prefix: '',
  thinking: '',
  toolCalls: [],
  finishReason: 'stop',
  tokens: 2,
};

const chat: ChatAnswer = {
  id: 'chatcmpl-1',
  created: 1,
  model: 'gpt-5-mini',
  answers: [text],
  usage: { promptTokens: 5, completionTokens: 9, cachedTokens: 0, reasoningTokens: 7 },
};

const chunkTokens = { least: 1, most: 1 };
const HEAD =
  'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"gpt-5-mini","service_tier":"default","system_fingerprint":"fp_5100cda1ad","choices":';
const choice = (delta: string, finish = 'null') =>
  `[{"index":0,"delta":${delta},"logprobs":null,"finish_reason":${finish}}]`;

describe('a stream in OpenAI’s dialect', () => {
  it('says nothing of usage unless it is asked for', () => {
    expect(chatFrames(chat, { includeUsage: false, chunkTokens }).map((frame) => frame.text)).toEqual([
      `${HEAD}${choice('{"role":"assistant","content":"","refusal":null}')}}\n\n`,
      `${HEAD}${choice('{"content":"Here"}')}}\n\n`,
      `${HEAD}${choice('{"content":" it."}')}}\n\n`,
      `${HEAD}${choice('{}', '"stop"')}}\n\n`,
      'data: [DONE]\n\n',
    ]);
  });

  it('has null until the usage comes in a tail without choices', () => {
    const frames = chatFrames(chat, { includeUsage: true, chunkTokens }).map((frame) => frame.text);
    expect(frames[1]).toBe(`${HEAD}${choice('{"content":"Here"}')},"usage":null}\n\n`);
    expect(frames.at(-2)).toBe(
      `${HEAD}[],"usage":{"prompt_tokens":5,"completion_tokens":9,"total_tokens":14,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":7,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}}\n\n`,
    );
  });

  it('brings a tool call in fragments: the name first, then the arguments', () => {
    const toolCalls = [{ id: 'D681PevKs', name: 'weather', arguments: '{"city": "Faro"}' }];
    const frames = chatFrames(
      { ...chat, answers: [{ ...text, toolCalls, finishReason: 'tool_calls' }] },
      { includeUsage: false, chunkTokens },
    ).map((frame) => frame.text);
    expect(frames.slice(0, 4)).toEqual([
      `${HEAD}${choice('{"role":"assistant","content":null,"refusal":null}')}}\n\n`,
      `${HEAD}${choice('{"tool_calls":[{"index":0,"id":"call_D681PevKsD681PevKsD681Pe","type":"function","function":{"name":"weather","arguments":""}}]}')}}\n\n`,
      `${HEAD}${choice('{"tool_calls":[{"index":0,"function":{"arguments":"{\\"city\\":"}}]}')}}\n\n`,
      `${HEAD}${choice('{"tool_calls":[{"index":0,"function":{"arguments":" \\"Faro\\"}"}}]}')}}\n\n`,
    ]);
  });
});

describe('OpenAI’s schema', () => {
  const errorOf = (fields: object): unknown => {
    try {
      return validate(chatSchema, { model: 'm', messages: [{ role: 'user', content: 'x' }], ...fields });
    } catch (error) {
      return error instanceof Refusal ? JSON.parse(error.reply.body.toString()) : error;
    }
  };

  it.each(['random_seed', 'safe_prompt', 'prompt_mode'])('does not know %s', (field) => {
    expect(errorOf({ [field]: 1 })).toEqual({
      error: {
        message: `Unrecognized request argument supplied: ${field}`,
        type: 'invalid_request_error',
        param: null,
        code: null,
      },
    });
  });

  it('names the place of what it does not know further in', () => {
    expect(errorOf({ messages: [{ role: 'assistant', content: 'x', prefix: true }] })).toEqual({
      error: {
        message: "Unknown parameter: 'messages[0].prefix'.",
        type: 'invalid_request_error',
        param: 'messages[0].prefix',
        code: 'unknown_parameter',
      },
    });
    expect(errorOf({ tool_choice: 'any' })).toMatchObject({ error: { param: 'tool_choice', code: 'invalid_value' } });
    expect(errorOf({ messages: undefined })).toMatchObject({ error: { code: 'missing_required_parameter' } });
  });
});
