/** The nodes, as this one hears them; and what it keeps of the quotas that they share. */
import type { ComponentChildren } from 'preact';
import type { ClusterView, PeersView, PeerView, View } from '../live/view.ts';
import { count, duration } from '../words/format.ts';
import { type Mood, plain } from '../words/states.ts';
import { Pill, Section } from './signs.tsx';

/** A digest comes every second or so; one that is late by this much is worth a look. */
const LATE_MS = 3000;
const SILENT_MS = 10_000;

export function Cluster({ view }: { readonly view: View }): ComponentChildren {
  const { self, peers, shares } = oneView(view.cluster);
  const note = self === null ? 'This node is alone.' : `${peers.length + 1} nodes, as this one hears them`;
  return (
    <Section id="cluster" title="Cluster" note={note}>
      {self !== null && (
        <ul class="peers">
          <li class="self">
            <strong class="mono">{self.peer}</strong>
            <Pill mood={self.bus === 'connected' ? 'good' : 'bad'}>
              {self.bus === 'connected' ? 'this node' : `this node, bus ${self.bus}`}
            </Pill>
            <span class="dim">{healthWords(self.health)}</span>
          </li>
          {peers.map((peer) => (
            <Peer key={peer.peer} peer={peer} />
          ))}
        </ul>
      )}
      {shares.length > 0 && (
        <details>
          <summary>Shares of quotas: what this node keeps to ({shares.length})</summary>
          <div class="scroll" tabIndex={0} role="region" aria-label="Shares of quotas">
            <table>
              <thead>
                <tr>
                  <th scope="col">quota</th>
                  <th scope="col">requests a minute</th>
                  <th scope="col">tokens a minute</th>
                </tr>
              </thead>
              <tbody>
                {shares.map((share) => (
                  <tr key={share.quota}>
                    <th scope="row" class="mono">
                      {share.quota}
                    </th>
                    <td>{ofLimit(share.requestsShare, share.requestsPerMinute)}</td>
                    <td>{ofLimit(share.tokensShare, share.tokensPerMinute)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </details>
      )}
    </Section>
  );
}

function Peer({
  peer: { peer, ageMs, health, draining, targets, waits },
}: {
  readonly peer: PeerView;
}): ComponentChildren {
  const [mood, words] = standing(ageMs, draining);
  return (
    <li>
      <strong class="mono">{peer}</strong>
      <Pill mood={mood}>{words}</Pill>
      <span class="dim">
        heard {duration(ageMs)} ago, {targets} targets{health > 0 && `, ${healthWords(health)}`}
      </span>
      {waits.length > 0 && (
        <span class="waits">
          {waits.slice(0, 3).map(({ key, reason, forMs }) => (
            <span key={key}>
              <span class="mono">{key}</span>: {plain(reason)}, {duration(forMs)}
            </span>
          ))}
          {waits.length > 3 && <span>and {waits.length - 3} more waits</span>}
        </span>
      )}
    </li>
  );
}

function standing(ageMs: number, draining: boolean): readonly [Mood, string] {
  if (draining) return ['idle', 'draining'];
  if (ageMs > SILENT_MS) return ['bad', 'silent'];
  return ageMs > LATE_MS ? ['warn', 'late'] : ['good', 'heard'];
}

/** Zero is well; a node that is late itself accuses nobody. */
function healthWords(health: number): string {
  return health === 0 ? 'well' : `in trouble itself (${health})`;
}

const ALONE: PeersView = { self: null, peers: [], shares: [] };

/** Of several workers the first that answers: each is a peer of its own, and they hear the same. */
function oneView(cluster: ClusterView): PeersView {
  if (!('workers' in cluster)) return cluster;
  const told = cluster.workers.find(({ peers }) => peers !== undefined);
  return { ...ALONE, ...told };
}

function ofLimit(share: number | undefined, limit: number | undefined): string {
  if (limit === undefined) return '–';
  return share === undefined ? `all of ${count(limit)}` : `${count(share)} of ${count(limit)}`;
}
