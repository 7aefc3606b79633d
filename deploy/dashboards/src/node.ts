/** One node from within: its work, its memory, its event loop, its config, and what it could not tell. */
import { type Built, dashboard, SCOPE } from './frame.ts';
import { graph, stat, timeline } from './panels.ts';

const NODES = `${SCOPE}, instance=~"$instance"`;
const NAME = '{{instance}}';

export function node(): Built {
  return dashboard({
    uid: 'leeward-node',
    title: 'Leeward / Node',
    description: 'One process, or one node of several worker processes, from within.',
    variables: [{ label: 'instance', of: 'leeward_build_info' }],
    rows: [
      {
        title: 'Work',
        panels: [
          graph(
            {
              title: 'Requests',
              description: 'Per second; the balancer in front decides how they are spread.',
              unit: 'reqps',
            },
            [{ expr: `sum by (instance) (rate(leeward_requests_total{${NODES}}[$__rate_interval]))`, legend: NAME }],
          ),
          graph(
            {
              title: 'In flight',
              description: 'Requests of clients now under way. A drain ends when it is 0.',
              unit: 'short',
            },
            [{ expr: `leeward_in_flight_requests{${NODES}}`, legend: NAME }],
          ),
          graph({ title: 'Own part, p99', description: 'Reading, choosing, translating.', unit: 's' }, [
            {
              expr: `histogram_quantile(0.99, sum by (instance, le) (rate(leeward_overhead_seconds_bucket{${NODES}}[$__rate_interval])))`,
              legend: NAME,
            },
          ]),
        ],
      },
      {
        title: 'The process',
        panels: [
          graph({ title: 'CPU', description: 'Cores used. One event loop cannot use more than one.', unit: 'short' }, [
            { expr: `rate(leeward_process_cpu_seconds_total{${NODES}}[$__rate_interval])`, legend: NAME },
          ]),
          graph(
            {
              title: 'Event loop lag, p99',
              description: 'How long work waits for its turn. From 100 ms on every stream stutters.',
              unit: 's',
            },
            [{ expr: `leeward_nodejs_eventloop_lag_p99_seconds{${NODES}}`, legend: NAME }],
          ),
          graph({ title: 'Garbage collection', description: 'Seconds per second, by kind.', unit: 'percentunit' }, [
            {
              expr: `sum by (instance, kind) (rate(leeward_nodejs_gc_duration_seconds_sum{${NODES}}[$__rate_interval]))`,
              legend: `${NAME} {{kind}}`,
            },
          ]),
          graph(
            {
              title: 'Memory',
              description: 'Resident, and of it what the heap uses. A line that only rises is a leak.',
              unit: 'bytes',
            },
            [
              { expr: `leeward_process_resident_memory_bytes{${NODES}}`, legend: `${NAME} resident` },
              { expr: `leeward_nodejs_heap_size_used_bytes{${NODES}}`, legend: `${NAME} heap` },
            ],
          ),
          graph(
            {
              title: 'Open files',
              description: 'Sockets for the most part, against the limit of the process.',
              unit: 'percentunit',
            },
            [
              {
                expr: `leeward_process_open_fds{${NODES}} / leeward_process_max_fds{${NODES}}`,
                legend: NAME,
              },
            ],
          ),
          graph({ title: 'Up for', description: 'A saw tooth is a node that ends again and again.', unit: 's' }, [
            { expr: `time() - leeward_process_start_time_seconds{${NODES}}`, legend: NAME },
          ]),
          graph(
            { title: 'Workers', description: 'Processes that answered the scrape; 1 without workers.', unit: 'short' },
            [{ expr: `leeward_workers{${NODES}}`, legend: NAME }],
          ),
          graph(
            { title: 'Workers started anew', description: 'Because they had ended by themselves.', unit: 'short' },
            [{ expr: `increase(leeward_worker_restarts_total{${NODES}}[$__rate_interval])`, legend: NAME }],
          ),
        ],
      },
      {
        title: 'Config and telemetry',
        panels: [
          timeline(
            {
              title: 'Config',
              description: 'Red while the config on disk is refused and an older one runs.',
              unit: 'none',
            },
            { expr: `leeward_config_last_reload_success{${NODES}}`, legend: NAME },
            { amber: 1, red: 0, falling: true },
            { w: 8 },
          ),
          stat(
            {
              title: 'Reloads',
              description: 'Changes of the config, taken over or refused, in the chosen time.',
              unit: 'none',
            },
            { expr: `sum(increase(leeward_config_reloads_total{${NODES}}[$__range]))`, legend: 'reloads' },
            undefined,
            { w: 4, h: 8 },
          ),
          graph(
            {
              title: 'Lost telemetry',
              description: 'Spans, log lines and series that were dropped, per second.',
              unit: 'short',
            },
            [
              {
                expr: `sum by (instance) (rate(leeward_spans_dropped_total{${NODES}}[$__rate_interval]) or rate(leeward_log_lines_dropped_total{${NODES}}[$__rate_interval]) or rate(leeward_metric_series_overflow_total{${NODES}}[$__rate_interval]))`,
                legend: NAME,
              },
            ],
            { w: 12 },
          ),
        ],
      },
    ],
  });
}
