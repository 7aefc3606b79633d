/** A small call outside the hot path (a list of models, a probe), as a promise: bounded in size and time. */
import type { Clock } from '@leeward/kernel';
import type { Transport, UpstreamCall, UpstreamHeaders } from './transport.ts';

export interface WholeAnswer {
  readonly status: number;
  readonly headers: UpstreamHeaders;
  readonly bytes: Buffer;
}

interface WholeCallOptions {
  readonly maxBytes: number;
  readonly timeoutMs: number;
}

/** Rejects with the socket's error, when a bound is passed, or with the signal's reason. */
export function wholeCall(
  transport: Transport,
  call: UpstreamCall,
  options: WholeCallOptions,
  clock: Clock,
  signal: AbortSignal,
): Promise<WholeAnswer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    let status = 0;
    let headers: UpstreamHeaders = {};
    const end = (settle: () => void) => {
      timer.cancel();
      signal.removeEventListener('abort', onAbort);
      settle();
    };
    const fail = (cause: unknown) => {
      inFlight.abort();
      end(() => reject(cause));
    };
    const onAbort = () => fail(signal.reason);
    const timer = clock.after(options.timeoutMs, () => fail(new Error(`no answer within ${options.timeoutMs} ms`)));
    signal.addEventListener('abort', onAbort, { once: true });
    const inFlight = transport.send(call, {
      onSent: () => undefined,
      onHead: (answered, sent) => {
        status = answered;
        headers = sent;
      },
      onData: (bytes) => {
        sizeBytes += bytes.length;
        if (sizeBytes > options.maxBytes) fail(new Error(`an answer of more than ${options.maxBytes} bytes`));
        else chunks.push(bytes);
      },
      onEnd: () => end(() => resolve({ status, headers, bytes: Buffer.concat(chunks) })),
      onFailure: (_reason, cause) => end(() => reject(cause)),
    });
    if (signal.aborted) onAbort();
  });
}
