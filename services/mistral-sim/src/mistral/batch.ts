/** /v1/batch/jobs: a job is accepted, kept, and has succeeded the moment it is next looked at. Nothing is computed. */
import { jsonReply, type Reply } from '../http/reply.ts';
import { asText, isArray } from '../json.ts';
import { Kept } from '../kept.ts';
import type { Call, SimulatorParts } from '../personality.ts';
import { drawUuidV7 } from '../seeded-rng.ts';
import { notFound, unprocessable } from './errors.ts';

interface Job {
  readonly id: string;
  readonly workspace: string;
  readonly endpoint: string;
  readonly model: string | null;
  readonly inputFiles: readonly string[];
  readonly requests: number;
  readonly createdAt: number;
  status: 'QUEUED' | 'SUCCESS' | 'CANCELLED';
}

export class BatchJobs {
  readonly #parts: SimulatorParts;
  readonly #kept: Kept<Job>;

  constructor(parts: SimulatorParts) {
    this.#parts = parts;
    this.#kept = new Kept(parts.options.kept);
  }

  create(call: Call): Reply {
    const { json } = call;
    const endpoint = asText(json['endpoint']);
    if (endpoint === '') {
      throw unprocessable([{ type: 'missing', loc: ['body', 'endpoint'], msg: 'Field required', input: json }]);
    }
    const inputs = isArray(json['input_files']) ? json['input_files'].map(asText) : [];
    const { clock, rng } = this.#parts;
    const job: Job = {
      id: drawUuidV7(rng, clock.wallMs()),
      workspace: call.account.workspace,
      endpoint,
      model: asText(json['model']) || null,
      inputFiles: inputs,
      requests: isArray(json['requests']) ? json['requests'].length : inputs.length,
      createdAt: Math.floor(clock.wallMs() / 1000),
      status: 'QUEUED',
    };
    this.#kept.set(job.id, job);
    return jsonReply(200, card(job));
  }

  list(call: Call): Reply {
    const jobs = this.#kept.all().filter((job) => job.workspace === call.account.workspace);
    return jsonReply(200, { data: jobs.map(card), object: 'list', total: jobs.length });
  }

  get(call: Call): Reply {
    const job = this.#find(call);
    if (job.status === 'QUEUED') job.status = 'SUCCESS';
    return jsonReply(200, card(job));
  }

  cancel(call: Call): Reply {
    const job = this.#find(call);
    job.status = 'CANCELLED';
    return jsonReply(200, card(job));
  }

  clear(): void {
    this.#kept.clear();
  }

  #find(call: Call): Job {
    const job = this.#kept.get(call.params['id'] ?? '');
    if (job === undefined || job.workspace !== call.account.workspace) throw notFound('Batch job');
    return job;
  }
}

function card(job: Job): object {
  const done = job.status === 'SUCCESS' ? job.requests : 0;
  return {
    id: job.id,
    object: 'batch',
    input_files: job.inputFiles,
    metadata: {},
    endpoint: job.endpoint,
    model: job.model,
    output_file: null,
    error_file: null,
    errors: [],
    status: job.status,
    created_at: job.createdAt,
    total_requests: job.requests,
    completed_requests: done,
    succeeded_requests: done,
    failed_requests: 0,
    started_at: null,
    completed_at: job.status === 'SUCCESS' ? job.createdAt : null,
  };
}
