import { describe, expect, it } from 'vitest';
import { EventClock } from './event-clock.ts';
import { StormClient } from './storm-client.ts';
import { chunkBytes, lastBytes } from './upstream/replies.ts';

describe('a client in a storm', () => {
  it('reads its text, but none from a stream that ends without its end', () => {
    const client = new StormClient(new EventClock());
    client.write(chunkBytes(1, 'part 0. '));
    expect(client.text).toBeUndefined();
    client.write(lastBytes(1, 'part 1. ', { prompt: 10, answer: 10 }));
    expect(client.text).toBe('part 0. part 1. ');
  });

  it('knows when it next got something of the answer, which a comment is not', async () => {
    const clock = new EventClock();
    const client = new StormClient(clock);
    let over = false;
    clock.after(100, () => client.write(chunkBytes(1, 'part 0. ')));
    clock.after(200, () => client.write(Buffer.from(': keepalive\n\n')));
    clock.after(300, () => client.write(chunkBytes(1, 'part 1. ')));
    clock.after(400, () => {
      over = true;
    });
    await clock.runUntil(() => over);
    expect([0, 100, 250, 300].map((momentMs) => client.toldAfter(momentMs))).toEqual([100, 300, 300, undefined]);
  });
});
