import { describe, expect, it } from 'vitest';
import type { Answer } from '../text/answer.ts';
import { type ChatAnswer, chatBody, chatFrames, errorFrame } from './chat-body.ts';

const text: Answer = {
  text: 'Here is it.',
  generated: 'Here is it.',
  prefix: '',
  thinking: 'Hmm, so.',
  toolCalls: [],
  finishReason: 'stop',
  tokens: 3,
};

const calls: Answer = {
  ...text,
  text: '',
  generated: '',
  finishReason: 'tool_calls',
  toolCalls: [
    { id: 'D681PevKs', name: 'weather', arguments: '{"city": "Lisbon"}' },
    { id: 'FDWwUlD7d', name: 'tide', arguments: '{}' },
  ],
  tokens: 8,
};

const chat: ChatAnswer = {
  id: '6dc3c7a4f0f14e0f9a6d7c0a1b2c3d4e',
  created: 1_757_759_492,
  model: 'mistral-tiny',
  answers: [text],
  reasons: false,
  usage: { promptTokens: 11, completionTokens: 3, cachedTokens: 0, reasoningTokens: 0 },
};

const OPTIONS = { padding: false, chunkTokens: { least: 1, most: 1 } };
const HEAD =
  'data: {"id":"6dc3c7a4f0f14e0f9a6d7c0a1b2c3d4e","object":"chat.completion.chunk","created":1757759492,"model":"mistral-tiny","choices":[';
const USAGE =
  '"usage":{"prompt_tokens":11,"total_tokens":14,"completion_tokens":3,"prompt_tokens_details":{"cached_tokens":0}}';
const bytes = (answer: ChatAnswer, options = OPTIONS) => chatFrames(answer, options).map((frame) => frame.text);

describe('a whole answer', () => {
  it('has its keys in the captured order', () => {
    expect(chatBody(chat)).toBe(
      `{"id":"6dc3c7a4f0f14e0f9a6d7c0a1b2c3d4e","created":1757759492,"model":"mistral-tiny",${USAGE},"object":"chat.completion","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","tool_calls":null,"content":"Here is it."}}]}`,
    );
  });

  it('calls tools with empty content and without a type', () => {
    expect(chatBody({ ...chat, answers: [calls] })).toContain(
      '{"index":0,"finish_reason":"tool_calls","message":{"content":"","tool_calls":[{"id":"D681PevKs","function":{"name":"weather","arguments":"{\\"city\\": \\"Lisbon\\"}"},"index":0},{"id":"FDWwUlD7d","function":{"name":"tide","arguments":"{}"},"index":1}],"role":"assistant"}}',
    );
  });

  it('shows its thinking as a chunk before the text', () => {
    const usage = { ...chat.usage, reasoningTokens: 2 };
    const body = chatBody({ ...chat, reasons: true, usage });
    expect(body).toContain(
      '"content":[{"type":"thinking","thinking":[{"type":"text","text":"Hmm, so."}],"closed":true},{"type":"text","text":"Here is it."}]',
    );
    expect(body).toContain('"completion_tokens_details":{"reasoning_tokens":2}');
  });
});

describe('a stream', () => {
  it('is framed as captured: role, content, finish with usage, [DONE]', () => {
    expect(bytes(chat)).toEqual([
      `${HEAD}{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}\n\n`,
      `${HEAD}{"index":0,"delta":{"content":"Here"},"finish_reason":null}]}\n\n`,
      `${HEAD}{"index":0,"delta":{"content":" is "},"finish_reason":null}]}\n\n`,
      `${HEAD}{"index":0,"delta":{"content":"it."},"finish_reason":null}]}\n\n`,
      `${HEAD}{"index":0,"delta":{"content":""},"finish_reason":"stop"}],${USAGE}}\n\n`,
      'data: [DONE]\n\n',
    ]);
  });

  it('pads every chunk but the first when padding is on', () => {
    const frames = bytes(chat, { ...OPTIONS, padding: true });
    expect(frames[0]).not.toContain('"p":');
    for (const frame of frames.slice(1, -1)) {
      const p = /,"p":"([a-z0-9]+)"\}\n\n$/.exec(frame)?.[1];
      expect('abcdefghijklmnopqrstuvwxyz0123456789'.startsWith(p ?? '-')).toBe(true);
    }
  });

  it('brings all tool calls whole, with finish and usage, in one chunk', () => {
    expect(bytes({ ...chat, answers: [calls] })).toEqual([
      `${HEAD}{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}\n\n`,
      `${HEAD}{"index":0,"delta":{"tool_calls":[{"id":"D681PevKs","type":"function","index":0,"function":{"name":"weather","arguments":"{\\"city\\": \\"Lisbon\\"}"}},{"id":"FDWwUlD7d","type":"function","index":1,"function":{"name":"tide","arguments":"{}"}}]},"finish_reason":"tool_calls"}],${USAGE}}\n\n`,
      'data: [DONE]\n\n',
    ]);
  });

  it('goes from thinking through one mixed chunk to plain text', () => {
    const deltas = bytes({ ...chat, reasons: true }).map((frame) => /"delta":(.*),"finish_reason"/.exec(frame)?.[1]);
    expect(deltas).toEqual([
      '{"role":"assistant","content":""}',
      '{"content":""}',
      '{"content":[{"type":"thinking","thinking":[{"type":"text","text":"Hmm,"}],"closed":true}]}',
      '{"content":[{"type":"thinking","thinking":[{"type":"text","text":" so."}],"closed":true}]}',
      '{"content":[{"type":"thinking","thinking":[{"type":"text","text":""}]},{"type":"text","text":"Here"}]}',
      '{"content":" is "}',
      '{"content":"it."}',
      '{"content":""}',
      undefined,
    ]);
  });

  it('repeats a prefix in one chunk before it goes on', () => {
    const continued = { ...text, prefix: 'Here i', generated: 's it.' };
    const contents = bytes({ ...chat, answers: [continued] }).map((frame) => /"content":"([^"]*)"/.exec(frame)?.[1]);
    expect(contents).toEqual(['', 'Here i', 's it', '.', '', undefined]);
  });

  it('carries the usage of several choices on the very last chunk alone', () => {
    const frames = bytes({ ...chat, answers: [text, text] });
    expect(frames.filter((frame) => frame.includes('"usage"'))).toHaveLength(1);
    expect(frames.at(-2)).toContain('"usage"');
    expect(frames.filter((frame) => frame.includes('"index":1'))).toHaveLength(5);
  });

  it('can fail in three ways', () => {
    expect(errorFrame(chat, 'nested')).toBe(
      'data: {"error":{"message":"Service unavailable.","type":"internal_server_error","param":null,"code":"3800"}}\n\n',
    );
    expect(errorFrame(chat, 'flat')).toBe(
      'data: {"object":"error","message":"Service unavailable.","type":"internal_server_error","param":null,"code":"3800","raw_status_code":503}\n\n',
    );
    expect(errorFrame(chat, 'finish')).toBe(
      `${HEAD}{"index":0,"delta":{"content":""},"finish_reason":"error"}],"error":{"message":"Service unavailable.","type":"internal_server_error","param":null,"code":"3800"}}\n\n`,
    );
  });
});
