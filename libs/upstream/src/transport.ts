/**
 * The client end of the hot path: one request out, callbacks back. Small on purpose, so that what sends the bytes can
 * be replaced without touching what decides about them.
 */
export interface Transport {
  /** Never throws: whatever goes wrong reaches the receiver. */
  send(call: UpstreamCall, receiver: Receiver): InFlight;
  /** Lets running calls end, then closes the sockets. */
  close(): Promise<void>;
}

export interface UpstreamCall {
  readonly method: 'GET' | 'POST';
  /** From the origin's root, with the provider's own base path already in front. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
}

/** Names in lower case; a repeated header is a list. */
export type UpstreamHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface Receiver {
  /** The request is being written to a connected socket. */
  onSent(): void;
  onHead(status: number, headers: UpstreamHeaders): void;
  /** The bytes are the receiver's to keep. */
  onData(bytes: Buffer): void;
  onEnd(): void;
  onFailure(reason: 'refused' | 'reset', cause: Error): void;
}

export interface InFlight {
  /** Ends the call and its socket; the receiver hears nothing more. */
  abort(): void;
  pause(): void;
  resume(): void;
}
