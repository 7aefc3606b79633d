#!/usr/bin/env node
/**
 * Runs a simulator until it is told to stop.
 *
 *   mistral-sim [--config FILE] [--host HOST] [--port N] [--openai-port N] [--control-port N] [--seed N]
 *
 * Prints one line of JSON per listening address. A flag wins over the file.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';
import { prettifyError, ZodError } from 'zod';
import { isObject, type JsonObject } from './json.ts';
import { optionsSchema, type SimulatorOptions } from './options.ts';
import { startSimulator } from './simulator.ts';

/** Beside nothing that commonly listens; the gateway's own are 8080 and 9090. */
const DEFAULT_PORTS = { port: 4010, openaiPort: 4011, controlPort: 4012 };

const USAGE = 'mistral-sim [--config FILE] [--host HOST] [--port N] [--openai-port N] [--control-port N] [--seed N]';

function readOptions(): SimulatorOptions | undefined {
  const { values } = parseArgs({
    options: {
      config: { type: 'string' },
      host: { type: 'string' },
      port: { type: 'string' },
      'openai-port': { type: 'string' },
      'control-port': { type: 'string' },
      seed: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) return undefined;
  const file: unknown = values.config === undefined ? {} : (parse(readFileSync(values.config, 'utf8')) ?? {});
  if (!isObject(file)) throw new Error(`${values.config}: not a mapping`);
  const flags: JsonObject = {
    host: values.host,
    port: numberOf(values.port),
    openaiPort: numberOf(values['openai-port']),
    controlPort: numberOf(values['control-port']),
    seed: numberOf(values.seed),
  };
  const given = Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
  return optionsSchema.parse({ ...DEFAULT_PORTS, ...file, ...given });
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}

try {
  const options = readOptions();
  if (options === undefined) console.log(USAGE);
  else {
    const simulator = await startSimulator(options);
    const { mistralUrl, openaiUrl, controlUrl } = simulator;
    console.log(JSON.stringify({ listening: 'mistral', url: mistralUrl }));
    console.log(JSON.stringify({ listening: 'openai', url: openaiUrl }));
    console.log(JSON.stringify({ listening: 'control', url: controlUrl }));
    const stop = () => void simulator.close();
    process.once('SIGTERM', stop);
    process.once('SIGINT', stop);
  }
} catch (error) {
  console.error(error instanceof ZodError ? prettifyError(error) : String(error));
  process.exitCode = 1;
}
