/** Whether the nodes know of each other, what they tell each other, and what they believe on another's word. */
import { type Built, dashboard, SCOPE } from './frame.ts';
import { graph, stat, table, timeline } from './panels.ts';

export function cluster(): Built {
  return dashboard({
    uid: 'leeward-cluster',
    title: 'Leeward / Cluster',
    description: 'The bus is never on a request’s path: a node without it goes on by what it sees itself.',
    rows: [
      {
        title: 'Who is there',
        panels: [
          stat(
            { title: 'Nodes', description: 'That Prometheus can scrape.', unit: 'none' },
            { expr: `count(leeward_build_info{${SCOPE}})`, legend: 'nodes' },
          ),
          stat(
            { title: 'On the bus', description: 'Nodes that reach it.', unit: 'none' },
            { expr: `sum(leeward_cluster_bus_connected{${SCOPE}})`, legend: 'connected' },
          ),
          stat(
            {
              title: 'Oldest news',
              description: 'How long ago the quietest peer was heard. Usually under a second.',
              unit: 's',
            },
            { expr: `max(leeward_cluster_digest_age_seconds{${SCOPE}})`, legend: 'age' },
            { amber: 2, red: 10 },
          ),
          table(
            { title: 'Versions', description: 'What each node runs.' },
            { expr: `group by (instance, version, node) (leeward_build_info{${SCOPE}})`, legend: '' },
            { h: 4 },
          ),
          timeline(
            { title: 'Bus', description: 'Red while a node does not reach it.', unit: 'none' },
            { expr: `leeward_cluster_bus_connected{${SCOPE}}`, legend: '{{instance}}' },
            { amber: 1, red: 0, falling: true },
            { w: 8 },
          ),
          graph({ title: 'Peers', description: 'Others of whom a node has heard lately.', unit: 'short' }, [
            { expr: `leeward_cluster_peers{${SCOPE}}`, legend: '{{instance}}' },
          ]),
          graph(
            {
              title: 'Age of the quietest peer',
              description: 'All that is known of others is at most so old.',
              unit: 's',
            },
            [{ expr: `leeward_cluster_digest_age_seconds{${SCOPE}}`, legend: '{{instance}}' }],
          ),
          graph(
            {
              title: 'Distrust of itself',
              description: '0 well, 8 ill: a node that is starved of CPU accuses nobody.',
              unit: 'short',
            },
            [{ expr: `leeward_cluster_health{${SCOPE}}`, legend: '{{instance}}' }],
          ),
          graph(
            {
              title: 'Convergence, p95',
              description: 'From the bus’s being there until every peer had been heard in full, in the chosen time.',
              unit: 's',
            },
            [
              {
                expr: `histogram_quantile(0.95, sum by (le) (increase(leeward_cluster_convergence_seconds_bucket{${SCOPE}}[$__range])))`,
                legend: 'p95',
              },
            ],
          ),
          graph(
            {
              title: 'Left alone on another’s word',
              description: 'Targets that a node did not ask because others had met their limits or their faults.',
              unit: 'short',
            },
            [
              {
                expr: `sum by (hold) (increase(leeward_cluster_holds_total{${SCOPE}}[$__rate_interval]))`,
                legend: '{{hold}}',
              },
            ],
          ),
        ],
      },
      {
        title: 'What they say',
        panels: [
          graph({ title: 'Bytes', description: 'Per second, by direction.', unit: 'Bps' }, [
            {
              expr: `sum by (direction) (rate(leeward_cluster_bytes_total{${SCOPE}}[$__rate_interval]))`,
              legend: '{{direction}}',
            },
          ]),
          graph(
            {
              title: 'Messages',
              description: 'By what became of them; a refused one was dropped as a whole.',
              unit: 'short',
            },
            [
              {
                expr: `sum by (receipt) (rate(leeward_cluster_messages_total{${SCOPE}}[$__rate_interval]))`,
                legend: '{{receipt}}',
              },
            ],
          ),
          graph(
            {
              title: 'Not sent',
              description: 'Messages dropped on the sending side, or within a node of several workers.',
              unit: 'short',
            },
            [
              {
                expr: `sum by (drop) (rate(leeward_cluster_messages_dropped_total{${SCOPE}}[$__rate_interval]) or label_replace(rate(leeward_worker_messages_dropped_total{${SCOPE}}[$__rate_interval]), "drop", "between workers", "", ""))`,
                legend: '{{drop}}',
              },
            ],
          ),
          graph(
            {
              title: 'Retries shared',
              description: 'What each node may repeat per second of the whole cluster’s budget.',
              unit: 'short',
            },
            [{ expr: `leeward_cluster_retries_per_second{${SCOPE}}`, legend: '{{instance}}' }],
          ),
        ],
      },
    ],
  });
}
