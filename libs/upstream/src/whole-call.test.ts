import { answers, type Script, ScriptedTransport, SILENT, VirtualClock } from '@leeward/testkit';
import { describe, expect, it } from 'vitest';
import { wholeCall } from './whole-call.ts';

function ask(script: Script, signal: AbortSignal = new AbortController().signal) {
  const clock = new VirtualClock();
  const transport = new ScriptedTransport(clock, () => script);
  const call = { method: 'GET', path: '/v1/models', headers: {}, body: undefined } as const;
  const answer = wholeCall(transport, call, { maxBytes: 1000, timeoutMs: 5000 }, clock, signal);
  answer.catch(() => undefined);
  return { clock, transport, answer };
}

describe('wholeCall', () => {
  it('gives status, headers and bytes, and leaves no timer', async () => {
    const { answer, clock } = ask(answers('hello', { afterMs: 10 }));
    await clock.advance(10);
    const { status, headers, bytes } = await answer;
    expect([status, headers['content-type'], clock.pending]).toEqual([200, 'application/json', 0]);
    expect(bytes.toString()).toContain('hello');
  });

  it('rejects when the time is up, and ends the call', async () => {
    const { answer, clock, transport } = ask(SILENT);
    await clock.advance(5000);
    await expect(answer).rejects.toThrow('5000 ms');
    expect([transport.calls[0]?.aborted, clock.pending]).toEqual([true, 0]);
  });

  it('rejects when the answer is larger than the bound', async () => {
    const { answer, clock, transport } = ask(answers('x'.repeat(2000)));
    await clock.advance(0);
    await expect(answer).rejects.toThrow('1000 bytes');
    expect([transport.calls[0]?.aborted, clock.pending]).toEqual([true, 0]);
  });

  it('rejects with the socket’s error', async () => {
    const { answer, clock } = ask([{ do: 'refuse' }]);
    await clock.advance(0);
    await expect(answer).rejects.toThrow('ECONNREFUSED');
    expect(clock.pending).toBe(0);
  });

  it('rejects with the signal’s reason, before or during the call', async () => {
    const reason = new Error('gone');
    await expect(ask(SILENT, AbortSignal.abort(reason)).answer).rejects.toBe(reason);
    const controller = new AbortController();
    const { answer, clock, transport } = ask(SILENT, controller.signal);
    await clock.advance(10);
    controller.abort(reason);
    await expect(answer).rejects.toBe(reason);
    expect([transport.calls[0]?.aborted, clock.pending]).toEqual([true, 0]);
  });
});
