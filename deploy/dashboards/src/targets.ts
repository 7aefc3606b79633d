/** Why traffic went where it went: each target's state, what is learned of it, its share, and what came of its attempts. */
import { type Built, dashboard, SCOPE } from './frame.ts';
import { graph, table, timeline } from './panels.ts';

const TARGETS = `${SCOPE}, provider=~"$provider", model=~"$model"`;
const BY = 'by (provider, key, model)';
const NAME = '{{provider}}/{{key}}/{{model}}';

export function targets(): Built {
  return dashboard({
    uid: 'leeward-targets',
    title: 'Leeward / Targets and routing',
    description: 'Why traffic went where it went. /admin/decisions on any node explains single requests.',
    variables: [
      { label: 'provider', of: 'leeward_target_state' },
      { label: 'model', of: 'leeward_target_state' },
    ],
    rows: [
      {
        title: 'May it be asked?',
        panels: [
          timeline(
            {
              title: 'Breakers',
              description: 'Green closed, amber half-open, red open: the worst that any node says.',
              unit: 'none',
            },
            { expr: `max ${BY} (leeward_breaker_state{${TARGETS}})`, legend: NAME },
            { amber: 1, red: 2 },
          ),
          table(
            {
              title: 'Now',
              description: 'Each target’s state, and on how many nodes. Only `available` ones are picked.',
            },
            {
              expr: `count by (provider, key, quota_group, model, state) (leeward_target_state{${TARGETS}})`,
              legend: '',
            },
          ),
          graph(
            {
              title: 'Targets by state',
              description: 'Counted on every node. `held` is on the word of another node.',
              unit: 'short',
            },
            [{ expr: `count by (state) (leeward_target_state{${TARGETS}})`, legend: '{{state}}' }],
            { stacked: true },
          ),
          graph({ title: 'Trips', description: 'Breakers that opened, by why.', unit: 'short' }, [
            {
              expr: `sum by (provider, key, model, reason) (increase(leeward_breaker_trips_total{${TARGETS}}[$__rate_interval]))`,
              legend: `${NAME}: {{reason}}`,
            },
          ]),
          graph(
            {
              title: 'Slow start',
              description: 'Requests at once that a target gets which has just come back; nothing when none has.',
              unit: 'short',
            },
            [{ expr: `sum ${BY} (leeward_target_slow_start_window{${TARGETS}})`, legend: NAME }],
          ),
        ],
      },
      {
        title: 'Where traffic goes',
        panels: [
          graph(
            { title: 'Attempts', description: 'Per second, by target: the traffic split.', unit: 'reqps' },
            [{ expr: `target:leeward_attempts:rate5m{${TARGETS}}`, legend: NAME }],
            { stacked: true, w: 12 },
          ),
          graph(
            {
              title: 'Load',
              description:
                'What the adaptive picker compares: learned time, crowd, faults and quota left in one. Lower is picked sooner.',
              unit: 'short',
            },
            [{ expr: `avg ${BY} (leeward_target_load{${TARGETS}})`, legend: NAME }],
            { w: 12 },
          ),
          graph(
            { title: 'In flight', description: 'Attempts now under way, from all nodes.', unit: 'short' },
            [{ expr: `sum ${BY} (leeward_target_in_flight{${TARGETS}})`, legend: NAME }],
            { stacked: true },
          ),
          graph(
            {
              title: 'Learned first-token time',
              description: 'For a prompt of a thousand tokens, as the nodes believe it.',
              unit: 's',
            },
            [{ expr: `avg ${BY} (leeward_target_first_token_seconds{${TARGETS}})`, legend: NAME }],
          ),
          graph({ title: 'Learned time per token', description: 'After the first.', unit: 's' }, [
            { expr: `avg ${BY} (leeward_target_token_seconds{${TARGETS}})`, legend: NAME },
          ]),
        ],
      },
      {
        title: 'What came of it',
        panels: [
          graph(
            {
              title: 'Failed share',
              description: 'Of a target’s attempts, for its own sake: not the caller’s fault and not taken back.',
              unit: 'percentunit',
            },
            [{ expr: `target:leeward_attempts_failed:ratio_rate5m{${TARGETS}}`, legend: NAME }],
            { max: 1 },
          ),
          graph(
            { title: 'Outcomes', description: 'Of all attempts.', unit: 'reqps' },
            [
              {
                expr: `sum by (outcome) (rate(leeward_attempts_total{${TARGETS}}[$__rate_interval]))`,
                legend: '{{outcome}}',
              },
            ],
            { stacked: true },
          ),
          graph({ title: 'Faults', description: 'By reason and provider.', unit: 'reqps' }, [
            {
              expr: `sum by (provider, reason) (rate(leeward_attempts_total{${TARGETS}, outcome="fault"}[$__rate_interval]))`,
              legend: '{{provider}}: {{reason}}',
            },
          ]),
          graph(
            {
              title: 'First token of an attempt, p95',
              description: 'How fast a provider is, without failovers.',
              unit: 's',
            },
            [
              {
                expr: `histogram_quantile(0.95, sum by (provider, model, le) (rate(leeward_attempt_first_token_seconds_bucket{${TARGETS}}[$__rate_interval])))`,
                legend: '{{provider}}/{{model}}',
              },
            ],
          ),
        ],
      },
      {
        title: 'What was tried beyond the first',
        panels: [
          graph(
            {
              title: 'Failovers',
              description: 'Requests that went on to a later pool, by route and by what drove them.',
              unit: 'reqps',
            },
            [
              {
                expr: `sum by (route, reason) (rate(leeward_failovers_total{${SCOPE}}[$__rate_interval]))`,
                legend: '{{route}}: {{reason}}',
              },
            ],
          ),
          graph(
            {
              title: 'Hedges',
              description: 'Second attempts for late first tokens, by what became of them.',
              unit: 'reqps',
            },
            [
              {
                expr: `sum by (route, result) (rate(leeward_hedges_total{${SCOPE}}[$__rate_interval]))`,
                legend: '{{route}}: {{result}}',
              },
            ],
          ),
          graph(
            {
              title: 'Panic',
              description: 'Targets asked in spite of their health, because nobody was available.',
              unit: 'reqps',
            },
            [
              {
                expr: `sum by (route, outcome) (rate(leeward_panic_attempts_total{${SCOPE}}[$__rate_interval]))`,
                legend: '{{route}}: {{outcome}}',
              },
            ],
          ),
          graph(
            {
              title: 'Retry budget',
              description: 'What each node may still repeat. At 0 nothing more is tried again.',
              unit: 'short',
            },
            [{ expr: `leeward_retry_budget_balance{${SCOPE}}`, legend: '{{instance}}' }],
          ),
          graph({ title: 'Retries denied', description: 'Because the budget was spent.', unit: 'reqps' }, [
            { expr: `sum(rate(leeward_retries_denied_total{${SCOPE}}[$__rate_interval]))`, legend: 'denied' },
          ]),
        ],
      },
    ],
  });
}
