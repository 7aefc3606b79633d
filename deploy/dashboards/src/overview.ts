/** The first page of an incident: are the promises kept, what do clients get, and which alert says why not. */
import { type Built, dashboard, SCOPE } from './frame.ts';
import { graph, heatmap, stat, table } from './panels.ts';

const ROUTES = `${SCOPE}, route=~"$route"`;

/** A part of all requests in the chosen time; where nothing of it happened the metric may not exist yet. */
const BAD_IN_RANGE = `(
  sum(increase(leeward_requests_total{${ROUTES}, status=~"429|5.."}[$__range]) or increase(leeward_broken_answers_total{${ROUTES}}[$__range]))
  or vector(0)
)`;
const ALL_IN_RANGE = `sum(increase(leeward_requests_total{${ROUTES}}[$__range]))`;
const BAD_SHARE = `${BAD_IN_RANGE} / ${ALL_IN_RANGE}`;

const IN_TIME = `sum(increase(leeward_time_to_first_token_seconds_bucket{${ROUTES}, le=~"5(\\\\.0)?"}[$__range]))
/ sum(increase(leeward_time_to_first_token_seconds_count{${ROUTES}}[$__range]))`;

function firstToken(quantile: number): string {
  return `histogram_quantile(${quantile}, sum by (le) (rate(leeward_time_to_first_token_seconds_bucket{${ROUTES}}[$__rate_interval])))`;
}

export function overview(): Built {
  return dashboard({
    uid: 'leeward-overview',
    title: 'Leeward / Overview',
    description: 'Are the promises kept, and what do clients get? The objectives are explained in docs/slo.md.',
    variables: [{ label: 'route', of: 'leeward_requests_total' }],
    rows: [
      {
        title: 'Promises',
        panels: [
          stat(
            {
              title: 'Availability',
              description: 'Requests that got a whole answer, in the chosen time.',
              unit: 'percentunit',
            },
            { expr: `1 - ${BAD_SHARE}`, legend: 'available' },
            { amber: 0.9995, red: 0.999, falling: true },
          ),
          stat(
            {
              title: 'Error budget left',
              description: 'Of what the objective allows to fail in the chosen time. Below 0: the promise is broken.',
              unit: 'percentunit',
            },
            { expr: `1 - ${BAD_SHARE} / (1 - scalar(slo:leeward_availability:objective))`, legend: 'left' },
            { amber: 0.5, red: 0, falling: true },
          ),
          stat(
            {
              title: 'First token in time',
              description: 'Streams whose first content came within 5 s, in the chosen time.',
              unit: 'percentunit',
            },
            { expr: IN_TIME, legend: 'in time' },
            { amber: 0.995, red: 0.99, falling: true },
          ),
          stat(
            { title: 'Requests', description: 'Per second, of all nodes.', unit: 'reqps' },
            { expr: `sum(rate(leeward_requests_total{${ROUTES}}[$__rate_interval]))`, legend: 'requests' },
          ),
          stat(
            {
              title: 'In flight',
              description: 'Requests now under way, on all nodes and of all routes.',
              unit: 'short',
            },
            { expr: `sum(leeward_in_flight_requests{${SCOPE}})`, legend: 'in flight' },
          ),
          stat(
            { title: 'Alerts', description: 'Alerts of Leeward that fire now; they are listed below.', unit: 'none' },
            {
              expr: `count(ALERTS{alertname=~"Leeward.*", alertstate="firing", ${SCOPE}}) or vector(0)`,
              legend: 'alerts',
            },
            { amber: 1, red: 3 },
          ),
          graph(
            {
              title: 'Burn rate: availability',
              description: 'How many times as fast as allowed the error budget goes, over an hour. It pages from 14.4.',
              unit: 'short',
            },
            [
              {
                expr: `route:leeward_requests_bad:ratio_rate1h{${ROUTES}} / (1 - scalar(slo:leeward_availability:objective))`,
                legend: '{{route}}',
              },
            ],
          ),
          graph(
            {
              title: 'Burn rate: first token',
              description: 'The same for streams that begin late.',
              unit: 'short',
            },
            [
              {
                expr: `route:leeward_first_token_slow:ratio_rate1h{${ROUTES}} / (1 - scalar(slo:leeward_first_token:objective))`,
                legend: '{{route}}',
              },
            ],
          ),
          table(
            { title: 'Firing', description: 'Each has a page in docs/runbooks, named after it.' },
            {
              expr: `group by (alertname, severity, route, provider, key, quota_group, model, instance) (ALERTS{alertname=~"Leeward.*", alertstate=~"firing|pending", ${SCOPE}}) or absent(ALERTS{alertname=~"Leeward.*"})`,
              legend: '',
            },
            { w: 8 },
          ),
        ],
      },
      {
        title: 'What clients get',
        panels: [
          graph(
            { title: 'Requests by status', description: '499: the client left before it was sent one.', unit: 'reqps' },
            [
              {
                expr: `sum by (status) (rate(leeward_requests_total{${ROUTES}}[$__rate_interval]))`,
                legend: '{{status}}',
              },
            ],
            { stacked: true },
          ),
          graph(
            {
              title: 'Requests by route',
              description: '`other` is pass-through, and models that no route serves.',
              unit: 'reqps',
            },
            [
              {
                expr: `sum by (route) (rate(leeward_requests_total{${ROUTES}}[$__rate_interval]))`,
                legend: '{{route}}',
              },
            ],
            { stacked: true },
          ),
          graph(
            {
              title: 'Errors that Leeward answered itself',
              description: 'By code; docs/errors.md says what each means.',
              unit: 'reqps',
            },
            [
              {
                expr: `sum by (code) (rate(leeward_rejected_requests_total{${SCOPE}}[$__rate_interval]))`,
                legend: '{{code}}',
              },
            ],
          ),
        ],
      },
      {
        title: 'How fast',
        panels: [
          graph(
            {
              title: 'First token',
              description:
                'From a request’s first byte to the first content that its client got, failovers included. Points are traces.',
              unit: 's',
            },
            [0.5, 0.95, 0.99].map((quantile) => ({
              expr: firstToken(quantile),
              legend: `p${quantile * 100}`,
              exemplars: true,
            })),
          ),
          heatmap(
            {
              title: 'First token, all of it',
              description: 'Two bands are two kinds of targets, or of prompts.',
              unit: 's',
            },
            {
              expr: `sum by (le) (increase(leeward_time_to_first_token_seconds_bucket{${ROUTES}}[$__rate_interval]))`,
              legend: '{{le}}',
              exemplars: true,
            },
          ),
          graph(
            {
              title: 'Whole request, p95',
              description: 'To the last byte, streams included. Points are traces.',
              unit: 's',
            },
            [
              {
                expr: `histogram_quantile(0.95, sum by (route, le) (rate(leeward_request_duration_seconds_bucket{${ROUTES}}[$__rate_interval])))`,
                legend: '{{route}}',
                exemplars: true,
              },
            ],
          ),
          graph(
            {
              title: 'Longest pause of a stream, p95',
              description:
                'A reader notices half a second. A stream that was carried on elsewhere pauses for a first token’s time.',
              unit: 's',
            },
            [
              {
                expr: `histogram_quantile(0.95, sum by (route, le) (rate(leeward_chunk_gap_seconds_bucket{${ROUTES}}[$__rate_interval])))`,
                legend: '{{route}}',
              },
            ],
          ),
          graph(
            {
              title: 'Leeward’s own part',
              description: 'Reading, choosing, translating. Above 10 ms a node has too much to do.',
              unit: 's',
            },
            [0.5, 0.99].map((quantile) => ({
              expr: `histogram_quantile(${quantile}, sum by (le) (rate(leeward_overhead_seconds_bucket{${SCOPE}}[$__rate_interval])))`,
              legend: `p${quantile * 100}`,
            })),
          ),
          graph({ title: 'Clients that left', description: 'Before their answer ended, by surface.', unit: 'reqps' }, [
            {
              expr: `sum by (surface) (rate(leeward_client_disconnects_total{${SCOPE}}[$__rate_interval]))`,
              legend: '{{surface}}',
            },
          ]),
        ],
      },
      {
        title: 'What clients were spared',
        panels: [
          graph(
            {
              title: 'Failover share',
              description: 'Requests that went on to a later pool of their route. It is a ticket from 10 %.',
              unit: 'percentunit',
            },
            [{ expr: `route:leeward_failovers:ratio_rate10m{${ROUTES}}`, legend: '{{route}}' }],
          ),
          graph(
            {
              title: 'Retries by cause',
              description: 'Attempts beyond the first, by what ended the one before.',
              unit: 'reqps',
            },
            [
              {
                expr: `sum by (reason) (rate(leeward_retries_total{${SCOPE}}[$__rate_interval]))`,
                legend: '{{reason}}',
              },
            ],
            { stacked: true },
          ),
          graph(
            {
              title: 'Streams that broke',
              description: 'Carried on by another target, tried in vain, or broken for the client.',
              unit: 'reqps',
            },
            [
              {
                expr: `sum by (result) (rate(leeward_stream_recoveries_total{${ROUTES}}[$__rate_interval]))`,
                legend: 'carried on: {{result}}',
              },
              {
                expr: `sum(rate(leeward_broken_answers_total{${ROUTES}}[$__rate_interval]))`,
                legend: 'broken for the client',
              },
            ],
          ),
        ],
      },
    ],
  });
}
