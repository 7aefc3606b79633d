import { describe, expect, it } from 'vitest';
import { Refusal } from '../http/reply.ts';
import { modelSchema } from '../models.ts';
import { checkMessageOrder } from './message-order.ts';
import type { Message } from './schema-content.ts';
import { chatSchema } from './schema.ts';
import { validate } from './validate.ts';

function bodyOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof Refusal) return `${error.reply.status} ${error.reply.body.toString()}`;
    throw error;
  }
  return 'accepted';
}

const refused = (fields: object) =>
  bodyOf(() => validate(chatSchema, { model: 'm', messages: [{ role: 'user', content: 'x' }], ...fields }));

const detail = (...list: string[]) =>
  `422 {"object":"error","message":{"detail":[${list.join(',')}]},"type":"invalid_request_error","param":null,"code":null,"raw_status_code":422}`;

const extra = (loc: string, input: string) =>
  `{"type":"extra_forbidden","loc":${loc},"msg":"Extra inputs are not permitted","input":${input}}`;

describe('the closed schema', () => {
  it('refuses a field that only OpenAI has, in the captured shape', () => {
    expect(refused({ max_completion_tokens: 32_000 })).toBe(detail(extra('["body","max_completion_tokens"]', '32000')));
    expect(refused({ stream_options: { include_usage: true } })).toBe(
      detail(extra('["body","stream_options"]', '{"include_usage":true}')),
    );
  });

  it('refuses extra fields at every depth', () => {
    expect(refused({ messages: [{ role: 'user', content: 'x', name: 'Ann' }] })).toBe(
      detail(extra('["body","messages",0,"user","name"]', '"Ann"')),
    );
    expect(refused({ messages: [{ role: 'assistant', content: 'x', reasoning_content: 'y' }] })).toBe(
      detail(extra('["body","messages",0,"assistant","reasoning_content"]', '"y"')),
    );
    expect(refused({ messages: [{ role: 'user', content: [{ type: 'text', text: 'x', cache_control: {} }] }] })).toBe(
      detail(extra('["body","messages",0,"user","content",0,"cache_control"]', '{}')),
    );
    expect(refused({ tools: [{ type: 'function', function: { name: 'f', parameters: {}, odd: 1 } }] })).toBe(
      detail(extra('["body","tools",0,"function","odd"]', '1')),
    );
    expect(refused({ response_format: { type: 'json_schema', json_schema: { name: 'a', schema: {}, x: 1 } } })).toBe(
      detail(extra('["body","response_format","json_schema","x"]', '1')),
    );
  });

  it('says in pydantic’s words what is missing, of a wrong type or out of bounds', () => {
    expect(bodyOf(() => validate(chatSchema, { model: 'm' }))).toBe(
      detail('{"type":"missing","loc":["body","messages"],"msg":"Field required","input":{"model":"m"}}'),
    );
    expect(refused({ temperature: 1.6 })).toBe(
      detail(
        '{"type":"less_than_equal","loc":["body","temperature"],"msg":"Input should be less than or equal to 1.5","input":1.6,"ctx":{"le":1.5}}',
      ),
    );
    expect(refused({ stream: 'yes' })).toBe(
      detail('{"type":"bool_type","loc":["body","stream"],"msg":"Input should be a valid boolean","input":"yes"}'),
    );
    expect(refused({ service_tier: 'flex' })).toBe(
      detail(
        `{"type":"literal_error","loc":["body","service_tier"],"msg":"Input should be 'auto' or 'standard_only'","input":"flex","ctx":{"expected":"'auto' or 'standard_only'"}}`,
      ),
    );
    expect(refused({ messages: [{ role: 'developer', content: 'x' }] })).toContain('"type":"union_tag_invalid"');
  });

  it('accepts what clients really send', () => {
    expect(
      refused({
        tool_choice: { type: 'function', function: { name: 'f' } },
        tools: [{ type: 'function', function: { name: 'f', parameters: {}, strict: true } }, { type: 'web_search' }],
        messages: [
          { role: 'system', content: 'a' },
          { role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:', detail: 'low' } }] },
          { role: 'assistant', content: null, tool_calls: [{ id: 'x', function: { name: 'f', arguments: {} } }] },
          { role: 'tool', content: 'x', tool_call_id: 'x', name: 'f' },
          { role: 'assistant', content: [{ type: 'thinking', thinking: [{ type: 'text', text: 't' }], closed: true }] },
        ],
        document_image_limit: 3,
      }),
    ).toBe('accepted');
  });
});

describe('the message order', () => {
  const v13 = modelSchema.parse({ id: 'new' });
  const v3 = modelSchema.parse({ id: 'old', profile: 'v3', anyToolCallId: false });
  const order = (messages: object[], model = v13) => bodyOf(() => checkMessageOrder(messages as Message[], model));
  const flat = (message: string, type = 'invalid_request_message_order', code = '"3230"') =>
    `400 {"object":"error","message":"${message}","type":"${type}","param":null,"code":${code},"raw_status_code":400}`;
  const user = { role: 'user', content: 'x' };
  const call = (id: string) => ({
    role: 'assistant',
    content: '',
    tool_calls: [{ id, function: { name: 'f', arguments: '{}' } }],
  });
  const result = (id: string) => ({ role: 'tool', content: 'r', tool_call_id: id });

  it('accepts conversations that models take', () => {
    expect(order([{ role: 'system', content: 's' }, user])).toBe('accepted');
    expect(order([user, call('call_abc123'), result('call_abc123')])).toBe('accepted');
    expect(order([user, call('a'), result('a'), user])).toBe('accepted');
    expect(order([user, { role: 'assistant', content: 'Once', prefix: true }])).toBe('accepted');
  });

  it('refuses others in the reference validator’s words', () => {
    expect(order([{ role: 'system', content: 's' }, result('a')])).toBe(
      flat("Unexpected role 'tool' after role 'system'"),
    );
    expect(order([user, { role: 'assistant', content: 'done' }])).toBe(
      flat('Expected last role User or Tool (or Assistant with prefix True) for serving but got assistant'),
    );
    expect(order([user, call('a'), user])).toBe(flat('Not the same number of function calls and responses'));
    expect(order([user, call('a'), result('b')])).toBe(flat('Unexpected tool call id b in tool results'));
    expect(order([user, { role: 'assistant', content: '' }, user])).toBe(
      flat('Assistant message must have either content or tool_calls, but not none.', 'invalid_request_error', 'null'),
    );
  });

  it('wants nine letters and digits for a tool call id on older tokenizers only', () => {
    expect(order([user, call('call_0fypS1hVX'), result('call_0fypS1hVX')], v3)).toBe(
      flat(
        'Tool call id was call_0fypS1hVX but must be a-z, A-Z, 0-9, with a length of 9.',
        'invalid_function_call',
        '"3280"',
      ),
    );
    expect(order([user, call('D681PevKs'), result('D681PevKs')], v3)).toBe('accepted');
  });
});
