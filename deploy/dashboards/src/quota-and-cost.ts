/** What the vendors still allow, who is short, and what it costs. */
import { type Built, dashboard, SCOPE } from './frame.ts';
import { graph, stat, timeline } from './panels.ts';

const GROUPS = `${SCOPE}, provider=~"$provider", model=~"$model"`;
const MODELS = `${SCOPE}, model=~"$model"`;
const GROUP = '{{quota_group}}/{{model}}';

export function quotaAndCost(): Built {
  return dashboard({
    uid: 'leeward-quota',
    title: 'Leeward / Quota and cost',
    description:
      'A vendor counts its limits per quota group (a workspace) and model; every key of a group shares them.',
    variables: [
      { label: 'provider', of: 'leeward_target_state' },
      { label: 'model', of: 'leeward_target_state' },
    ],
    rows: [
      {
        title: 'Quota',
        panels: [
          graph(
            {
              title: 'Headroom',
              description: 'How freely a group may be used: 1 plenty, 0 nothing. As the most pessimistic node sees it.',
              unit: 'percentunit',
            },
            [{ expr: `quota_group:leeward_quota_headroom:min{${GROUPS}}`, legend: GROUP }],
            { max: 1 },
          ),
          graph({ title: 'Used of the limit', description: 'In the current window, by unit.', unit: 'percentunit' }, [
            { expr: `quota_group:leeward_quota_used:ratio{${GROUPS}}`, legend: `${GROUP} {{unit}}` },
          ]),
          timeline(
            {
              title: 'Told to wait',
              description: 'Red while no key of a group may be asked for the model because the vendor ordered a wait.',
              unit: 'none',
            },
            { expr: `quota_group:leeward_resting:bool{${GROUPS}}`, legend: GROUP },
            { amber: 1, red: 1 },
            { w: 8 },
          ),
          graph(
            { title: 'Limits', description: 'As configured, or learned from the vendor’s headers.', unit: 'short' },
            [
              {
                expr: `max by (quota_group, model, unit) (leeward_quota_limit{${GROUPS}})`,
                legend: `${GROUP} {{unit}}`,
              },
            ],
          ),
          graph(
            {
              title: 'Refused by the vendor',
              description: 'Attempts that met a limit, by key. Leeward counts for itself, so these are few.',
              unit: 'reqps',
            },
            [
              {
                expr: `sum by (provider, key, model) (rate(leeward_attempts_total{${GROUPS}, outcome="quota"}[$__rate_interval]))`,
                legend: '{{provider}}/{{key}}/{{model}}',
              },
            ],
          ),
          graph(
            {
              title: 'Shares of the nodes',
              description: 'What each node may use of a limit, all nodes’ use considered.',
              unit: 'short',
            },
            [
              {
                expr: `leeward_cluster_quota_share{${GROUPS}}`,
                legend: `{{instance}}: ${GROUP} {{unit}}`,
              },
            ],
          ),
        ],
      },
      {
        title: 'Cost',
        panels: [
          stat(
            {
              title: 'Last hour',
              description: 'At list price, for the models whose price is known.',
              unit: 'currencyUSD',
            },
            { expr: `sum(increase(leeward_cost_usd_total{${MODELS}}[1h]))`, legend: 'an hour' },
          ),
          stat(
            { title: 'A month at this rate', description: 'The last hour, 730 times.', unit: 'currencyUSD' },
            { expr: `730 * sum(increase(leeward_cost_usd_total{${MODELS}}[1h]))`, legend: 'a month' },
          ),
          stat(
            { title: 'In the chosen time', description: 'At list price.', unit: 'currencyUSD' },
            { expr: `sum(increase(leeward_cost_usd_total{${MODELS}}[$__range]))`, legend: 'cost' },
          ),
          stat(
            { title: 'A thousand requests', description: 'Over the last hour.', unit: 'currencyUSD' },
            {
              expr: `1000 * sum(increase(leeward_cost_usd_total{${SCOPE}}[1h])) / sum(increase(leeward_requests_total{${SCOPE}}[1h]))`,
              legend: 'a thousand',
            },
          ),
          stat(
            {
              title: 'Cached part of prompts',
              description: 'Cached tokens cost a tenth or so. Affinity keeps them warm.',
              unit: 'percentunit',
            },
            {
              expr: `(sum(rate(leeward_tokens_total{${MODELS}, kind="cached"}[$__rate_interval])) or vector(0)) / sum(rate(leeward_tokens_total{${MODELS}, kind="prompt"}[$__rate_interval]))`,
              legend: 'cached',
            },
          ),
          stat(
            { title: 'Tokens', description: 'Per second, prompts and completions.', unit: 'short' },
            {
              expr: `sum(rate(leeward_tokens_total{${MODELS}, kind=~"prompt|completion"}[$__rate_interval]))`,
              legend: 'tokens',
            },
          ),
          graph(
            { title: 'Dollars per hour', description: 'By model.', unit: 'currencyUSD' },
            [{ expr: `model:leeward_cost_usd:increase1h{${MODELS}}`, legend: '{{model}}' }],
            { stacked: true, w: 12 },
          ),
          graph(
            {
              title: 'Tokens per second',
              description: '`cached` is part of `prompt`, `reasoning` of `completion`.',
              unit: 'short',
            },
            [{ expr: `model:leeward_tokens:rate5m{${MODELS}}`, legend: '{{model}} {{kind}}' }],
            { w: 12 },
          ),
        ],
      },
    ],
  });
}
