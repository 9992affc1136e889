import { misbehaves } from '../../guest-claims.ts';
import { commandWords } from '../foreign/command-words.ts';
import { countOf, type Fields, numberOf, present, textOf } from '../foreign/fields.ts';
import { fileCalls } from '../foreign/file-calls.ts';
import type { RunInGuest } from '../foreign/file-commands.ts';
import { readByCommands, writeByCommands } from '../foreign/files-by-commands.ts';
import type { ForeignAgent, ForeignExit, ForeignSpec, ForeignTelemetry } from '../foreign/foreign-agent.ts';
import { askJsonFrames, type JsonFramesOptions } from './ask-json-frames.ts';

/** Milliseconds between samples, each a connection of its own. */
const sampleMs = 5_000;
const requestTimeoutMs = 10_000;
/** The agent cuts each stream of a command here, without a word. */
const streamBytes = 512 * 1024;

const title = 'The JSON-frames dialect';

/** An agent that speaks JSON frames: one request on each connection, as its own host does. */
export function jsonFramesAgent({ connect, clock }: JsonFramesOptions): ForeignAgent {
  const ask: Ask = (request, signal, timeoutMs = requestTimeoutMs) =>
    askJsonFrames({ connect, clock }, request, signal, timeoutMs);
  const run: RunInGuest = async (argv, signal) => await execute(ask, { argv: [...argv] }, signal);
  return {
    dialect: 'json-frames',
    title,
    sampleMs,
    open: async (signal) => {
      const health = await ask({ type: 'health_check' }, signal);
      return {
        version: 'json-frames agent',
        capabilities: ['telemetry', 'exec', 'file.read', 'file.write'],
        system: { hostname: textOf(health['hostname']) },
      };
    },
    sample: async (signal) => telemetryOf(await ask({ type: 'report_status' }, signal)),
    ping: async (signal) => {
      await ask({ type: 'health_check' }, signal);
    },
    calls: fileCalls(() => run),
    start: async (spec, _input, signal) => {
      // Refused before anything is sent.
      commandWords(spec, title);
      const ended = execute(ask, spec, signal);
      ended.catch(() => undefined);
      return { pid: 0, ended: () => ended };
    },
    readFile: (request, signal) => readByCommands(run, request, signal),
    writeFile: (request, source, verify, signal) => writeByCommands(run, request, source, verify, signal),
    close: async () => undefined,
  };
}

type Ask = (request: Fields, signal: AbortSignal, timeoutMs?: number) => Promise<Fields>;

async function execute(ask: Ask, spec: ForeignSpec, signal: AbortSignal): Promise<ForeignExit> {
  const [command = '', ...args] = commandWords(spec, title);
  const answer = await ask({ type: 'exec', command, args }, signal, 0);
  const { exit_code: code } = answer;
  if (typeof code !== 'number' || !Number.isInteger(code) || Math.abs(code) > 0x7fff_ffff)
    throw misbehaves('The exit code of a command is not a number.');
  const stdout = Buffer.from(textOf(answer['stdout']));
  const stderr = Buffer.from(textOf(answer['stderr']));
  // -1 says that a signal killed it, but not which.
  return {
    status: { case: 'exitCode', value: code },
    stdout,
    stderr,
    truncated: Math.max(stdout.length, stderr.length) >= streamBytes,
  };
}

/** Units of the dialect are mebibytes and gibibytes; the counters of its network are sums over all interfaces but lo. */
function telemetryOf(status: Fields): ForeignTelemetry {
  const [total, used] = [countOf(status['memory_total_mb']), countOf(status['memory_used_mb'])];
  const [disk, diskUsed] = [countOf(status['disk_total_gb']), countOf(status['disk_used_gb'])];
  const [rx, tx] = [countOf(status['network_rx_bytes']), countOf(status['network_tx_bytes'])];
  const report: ForeignTelemetry = {};
  const busy = numberOf(status['cpu_usage_percent']);
  if (busy !== undefined && busy <= 100) report.cpu = { busyPercent: busy };
  if (total !== undefined)
    report.memory = present({ totalBytes: total << 20n, usedBytes: used === undefined ? undefined : used << 20n });
  const load = numberOf(status['load_avg_1m']);
  if (load !== undefined) report.load = { oneMinute: load };
  const uptime = countOf(status['uptime_secs']);
  if (uptime !== undefined) report.uptimeSeconds = uptime;
  if (disk !== undefined && disk > 0n)
    report.mounts = [
      {
        mountPoint: '/',
        ...present({ totalBytes: disk << 30n, usedBytes: diskUsed === undefined ? undefined : diskUsed << 30n }),
      },
    ];
  if (rx !== undefined || tx !== undefined)
    report.interfaces = [{ name: 'all', up: true, ...present({ rxBytes: rx, txBytes: tx }) }];
  return report;
}
