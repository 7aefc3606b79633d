import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ToolIds } from './tool-ids.ts';

describe('ToolIds', () => {
  it('keeps an id that is valid already', () => {
    expect(new ToolIds().map('D681PevKs')).toBe('D681PevKs');
  });

  it('tells apart ids that share their first nine characters', () => {
    const ids = new ToolIds();
    expect(ids.map('chatcmpl-tool-1')).not.toBe(ids.map('chatcmpl-tool-2'));
  });

  it('gives an id the same name in every request', () => {
    expect(new ToolIds(['other']).map('call_abc')).toBe(new ToolIds().map('call_abc'));
  });

  it('steps aside when a valid id of the request is what another one hashes to', () => {
    const taken = new ToolIds().map('call_abc');
    const ids = new ToolIds(['call_abc', taken]);
    expect(ids.map('call_abc')).not.toBe(taken);
    expect(ids.map(taken)).toBe(taken);
  });

  it('is injective, stable, and gives nine letters or digits', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.oneof(fc.string(), fc.stringMatching(/^[A-Za-z0-9]{9}$/)), { maxLength: 50 }),
        (known) => {
          const ids = new ToolIds(known);
          const names = known.map((id) => ids.map(id));
          expect(new Set(names).size).toBe(known.length);
          expect(known.map((id) => ids.map(id))).toEqual(names);
          for (const name of names) expect(name).toMatch(/^[A-Za-z0-9]{9}$/);
        },
      ),
    );
  });
});
