/** The storm of `npm run cluster`: one trouble after the other, each with an end, from which all begins again. */
import { LATENCY, range, type Cluster, workspaceOf } from './cluster.ts';

export interface Scene {
  readonly forSeconds: number;
  readonly says: string;
  readonly begin: (cluster: Cluster) => Promise<void>;
}

const HEALTHY: Scene = {
  forSeconds: 8,
  says: 'all is well',
  begin: ({ simulator }) => simulator.setFaults([]),
};

/** A put-aside key is asked again after ten seconds, and by one node; a rate limit is over when it says so. */
export const SCENES: readonly Scene[] = [
  HEALTHY,
  {
    forSeconds: 12,
    says: 'workspace-1 is revoked: one node is told so, and the others leave its key alone without asking',
    begin: ({ simulator }) =>
      simulator.setFaults([{ when: { workspace: workspaceOf(1) }, effect: { kind: 'revoked' } }]),
  },
  HEALTHY,
  {
    forSeconds: 12,
    says: 'workspace-2 is rate limited for ten seconds',
    begin: ({ simulator }) =>
      simulator.setFaults([
        {
          when: { workspace: workspaceOf(2) },
          effect: { kind: 'error', error: '429/1300', retryAfterSeconds: 10 },
          untilMs: 10_000,
        },
      ]),
  },
  {
    forSeconds: 12,
    says: 'workspace-3 is ten times slower',
    begin: ({ simulator }) =>
      simulator.setFaults([
        {
          when: { workspace: workspaceOf(3) },
          effect: {
            kind: 'latency',
            firstTokenMs: LATENCY.firstTokenMs * 9,
            perTokenMs: LATENCY.perTokenMs * 9,
          },
        },
      ]),
  },
  HEALTHY,
  {
    forSeconds: 8,
    says: 'the NATS server is killed, and workspace-4 answers nothing but errors: each node finds out by itself',
    begin: async ({ nats, simulator }) => {
      await nats.kill();
      await simulator.setFaults([
        { when: { workspace: workspaceOf(4) }, effect: { kind: 'error', error: '500/1000' } },
      ]);
    },
  },
  { forSeconds: 8, says: 'the NATS server is back', begin: ({ nats }) => nats.start() },
  HEALTHY,
  {
    forSeconds: 8,
    says: 'node-1 is lost: kill -9. Streams that it had begun break; every other client asks another node',
    begin: (cluster) => cluster.node(1).kill(),
  },
  { forSeconds: 8, says: 'node-1 is back', begin: (cluster) => cluster.node(1).start() },
  {
    forSeconds: 12,
    says: 'every workspace fails half of its requests: what one refuses another takes',
    begin: ({ simulator }) =>
      simulator.setFaults(
        range(5).map((key) => ({
          when: { workspace: workspaceOf(key) },
          probability: 0.5,
          effect: { kind: 'error', error: '503/3800' },
        })),
      ),
  },
];
