import { request } from 'node:http';
import { OperationError } from '@innkeeper/contract/errors';
import { cleanText, errorMessage, kib, withDeadline } from '@innkeeper/kit';
import type { LinkClock } from '../../clock.ts';
import { misbehaves } from '../../guest-claims.ts';
import { countOf, type Fields, numberOf, objectOf, present, textOf } from '../foreign/fields.ts';
import type { ForeignAgent, ForeignTelemetry } from '../foreign/foreign-agent.ts';

/** Milliseconds between samples. */
const sampleMs = 5_000;
const requestTimeoutMs = 5_000;
/** Its answers have a few hundred bytes. */
const maxAnswerBytes = 64 * kib;

export interface HttpMetricsAgentOptions {
  readonly host: string;
  readonly port: number;
  readonly clock: LinkClock;
}

/** An agent that serves its figures over HTTP, and can do nothing else. */
export function httpMetricsAgent({ host, port, clock }: HttpMetricsAgentOptions): ForeignAgent {
  const get = async (path: string, signal: AbortSignal): Promise<Fields> => {
    const late = (): OperationError => unreachable(`GET ${path} took more than ${requestTimeoutMs / 1000} s`);
    const text = await withDeadline({ timers: clock, timeoutMs: requestTimeoutMs, signal, late }, (either) =>
      getText({ host, port, path }, either),
    );
    try {
      return objectOf(JSON.parse(text), `The answer to GET ${path}`);
    } catch (error) {
      throw misbehaves(`GET ${path}: ${cleanText(errorMessage(error), 200)}`);
    }
  };
  return {
    dialect: 'http',
    title: 'The HTTP metrics dialect',
    sampleMs,
    open: async (signal) => {
      const { status, version } = await get('/health', signal);
      if (status !== 'healthy') throw unreachable(`its health is "${cleanText(textOf(status), 40)}"`);
      return {
        version: `HTTP agent ${cleanText(textOf(version), 40)}`.trim(),
        capabilities: ['telemetry'],
        system: {},
      };
    },
    sample: async (signal) => telemetryOf(await get('/metrics', signal)),
    ping: async (signal) => {
      await get('/health', signal);
    },
    calls: new Map(),
    close: async () => undefined,
  };
}

/** Its memory is in kibibytes; its percentage is rounded, and not used. */
function telemetryOf(metrics: Fields): ForeignTelemetry {
  const bytes = (name: string): bigint | undefined => {
    const kib = countOf(metrics[name]);
    return kib === undefined ? undefined : kib * 1024n;
  };
  const report: ForeignTelemetry = {};
  const busy = numberOf(metrics['cpu_usage_percent']);
  if (busy !== undefined && busy <= 100) report.cpu = { busyPercent: busy };
  const memory = present({
    totalBytes: bytes('memory_total_kb'),
    usedBytes: bytes('memory_used_kb'),
    availableBytes: bytes('memory_available_kb'),
  });
  if (Object.keys(memory).length > 0) report.memory = memory;
  const load = numberOf(metrics['load_average']);
  if (load !== undefined) report.load = { oneMinute: load };
  const uptime = countOf(metrics['uptime_seconds']);
  if (uptime !== undefined) report.uptimeSeconds = uptime;
  const processes = countOf(metrics['process_count']);
  if (processes !== undefined && processes < 2n ** 32n) report.processCount = Number(processes);
  return report;
}

interface Target {
  readonly host: string;
  readonly port: number;
  readonly path: string;
}

/** The body of a 200; redirects are not followed. Aborts the request with the signal. */
function getText({ host, port, path }: Target, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => reject(unreachable(`GET ${path}: ${why}`));
    const asked = request(
      { host, port, path, signal, agent: false, headers: { accept: 'application/json' } },
      (answer) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        answer.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          chunks.push(chunk);
          if (bytes <= maxAnswerBytes) return;
          asked.destroy();
          reject(misbehaves(`The answer to GET ${path} has more than ${maxAnswerBytes} bytes.`));
        });
        answer.once('error', (error) => fail(error.message));
        answer.once('end', () => {
          if (answer.statusCode !== 200) fail(`the answer is ${answer.statusCode}`);
          else resolve(Buffer.concat(chunks).toString());
        });
      },
    );
    asked.once('error', (error) => fail(error.message));
    asked.end();
  });
}

function unreachable(why: string): OperationError {
  return new OperationError('AGENT_UNREACHABLE', `The HTTP agent does not answer: ${cleanText(why, 300)}.`);
}
