import { describe, expect, it } from 'vitest';
import { requestOf } from '../fixtures/read-fixture.ts';
import { estimatePromptTokens } from './estimate.ts';

const estimate = (content: string) =>
  estimatePromptTokens(requestOf({ model: 'm', messages: [{ role: 'user', content }] }));

describe('estimatePromptTokens', () => {
  it('counts a token for four bytes of the body', () => {
    expect(estimate('x'.repeat(4000)) - estimate('')).toBe(1000);
  });

  it('counts an embedded picture as one picture, whatever its bytes', () => {
    const picture = (bytes: number) => estimate(`data:image/png;base64,${'A'.repeat(bytes)}`);
    expect(picture(1_000_000)).toBe(picture(10));
    expect(picture(10)).toBeGreaterThan(1500);
  });
});
