import { AgentLog, createAgent, qgaCommandNames, qgaVersion } from '@innkeeper/agent-core';
import { errorMessage, type Log, silentLog } from '@innkeeper/kit';
import * as host from 'host';
import { createQuickJsHost } from '../host/quick-js-host.ts';
import { onEverySignal } from '../host/signals.ts';
import { createLog } from '../log.ts';
import { isMethod, openChannel } from './open-channel.ts';
import { configOf, parseQemuGa } from './parse-qemu-ga.ts';
import {
  defaultConfigPath,
  defaultPaths,
  defaultSettings,
  dumpSettings,
  type QemuGaSettings,
} from './qemu-ga-settings.ts';
import { readQemuGaFile } from './read-qemu-ga-file.ts';

const SIGINT = 2;
const SIGTERM = 15;
const maxFileBytes = 65_536;
/** Set for the process that runs in the background. */
const daemonMark = 'INNKEEPER_QEMU_GA_DAEMON=1';
/** Flags of open(2). */
const writeOnly = 0o1;
const create = 0o100;
const truncate = 0o1000;
const append = 0o2000;

const help = `Usage: qemu-ga [-m <method> -p <path>] [<options>]
Innkeeper's agent in place of the QEMU guest agent.

  -m, --method      virtio-serial (default), isa-serial, unix-listen or vsock-listen
  -p, --path        device, path of the socket, or CID:PORT
  -l, --logfile     log file (default: no log)
  -f, --pidfile     pid file with -d (default: /var/run/qemu-ga.pid)
  -F, --fsfreeze-hook[=PATH]  program to run before a freeze and after a thaw
  -t, --statedir    folder for state (default: /var/run)
  -v, --verbose     log more
  -V, --version     print the version
  -d, --daemonize   run in the background
  -b, --block-rpcs  commands that are not allowed, separated by commas ("help" lists all)
  -a, --allow-rpcs  the only commands that are allowed
  -c, --config      configuration file (default: ${defaultConfigPath})
  -D, --dump-conf   print the settings in the form of that file
  -r, --retry-path  wait for the device until it exists, and open it again when it fails
      --qga-version=VERSION   what guest-info says
      --freeze-lease=SECONDS  when a freeze ends by itself (default 600; 0: never)
  -h, --help        print this help`;

/** Behaves as qemu-ga, whose command line this is. Resolves with an exit code; undefined: it serves. */
export async function runQemuGa(words: readonly string[]): Promise<number | undefined> {
  const settings = defaultSettings();
  try {
    readConfig(words, settings);
  } catch (error) {
    return critical(`error loading configuration: ${errorMessage(error)}`);
  }
  switch (parseQemuGa(words, settings)) {
    case 'version':
      host.printOut(`QEMU Guest Agent ${settings.version ?? qgaVersion}`);
      return 0;
    case 'help':
      host.printOut(help);
      return 0;
    case 'list-commands':
      for (const name of await qgaCommandNames()) host.printOut(name);
      return 0;
    case 'dump':
      host.printOut(dumpSettings(settings));
      return 0;
    case 'unknown':
      host.print("Unknown option, try 'qemu-ga --help' for more information.");
      return 1;
    default:
      return settings.daemon && !environment().includes(daemonMark) ? startDaemon(words) : serve(settings);
  }
}

/** A file that -c names must exist; the default need not. */
function readConfig(words: readonly string[], settings: QemuGaSettings): void {
  const named = configOf(words);
  const byEnvironment = environment()
    .find((each) => each.startsWith('QGA_CONF='))
    ?.slice('QGA_CONF='.length);
  const path = named ?? byEnvironment ?? defaultConfigPath;
  let text: string;
  try {
    text = host.readText(path, maxFileBytes, false);
  } catch (error) {
    if (named === undefined) return;
    throw error;
  }
  readQemuGaFile(text, settings);
}

/** In the background, with the same command line and in a session of its own. */
function startDaemon(words: readonly string[]): number {
  const program = host.programPath();
  host.spawn([program], ['qemu-ga', ...words], [...environment(), daemonMark], '/', undefined, false, 0, 0, 0o22, '');
  return 0;
}

function serve(settings: QemuGaSettings): number | undefined {
  const { method, statedir } = settings;
  const path = settings.path ?? defaultPaths[method];
  if (path === undefined) return critical('must specify a path for this channel');
  if (!isMethod(method)) return critical(`unsupported channel method/type: ${method}`);
  if (settings.daemon) writeText(settings.pidfile, `${host.constants().pid}\n`, truncate);
  const log = logTo(settings);
  const guest = createQuickJsHost();
  const seconds = settings.freezeLeaseSeconds;
  const agent = createAgent(guest, log, undefined, {
    handleCounterPath: `${statedir}/qga.state`,
    agentLog: new AgentLog(guest.clock),
    qga: {
      version: settings.version,
      allow: settings.allowRpcs.length === 0 ? undefined : settings.allowRpcs,
      block: settings.blockRpcs,
      freezeLeaseMs: seconds === undefined ? undefined : seconds * 1000,
      freezeHook: settings.fsfreezeHook,
    },
  });
  const controller = new AbortController();
  const { signal } = controller;
  const stop = (): void => {
    controller.abort('stopping');
    const end = (): void => host.exit(0);
    agent.stop('stopping').then(end, end);
  };
  onEverySignal(SIGTERM, stop);
  onEverySignal(SIGINT, stop);
  const problem = openChannel({
    method,
    path,
    retries: settings.retryPath,
    log,
    signal,
    serve: (channel) => agent.serveChannel(channel, 'qga', signal),
  });
  if (problem === undefined) return undefined;
  critical(problem);
  return critical('failed to create guest agent channel');
}

/** Nothing is logged to standard error. */
function logTo({ logfile, verbose }: QemuGaSettings): Log {
  if (logfile === undefined) return silentLog;
  return createLog(verbose ? 'debug' : 'info', { write: (line) => writeText(logfile, `${line}\n`, append) });
}

function writeText(path: string, text: string, how: number): void {
  try {
    const file = host.open(path, writeOnly | create | how, 0o644, false);
    const bytes = new TextEncoder().encode(text);
    try {
      host.write(file, bytes, 0, bytes.length, -1);
    } finally {
      host.close(file);
    }
  } catch {
    // EROFS, ENOSPC: the agent is needed more than its log.
  }
}

function environment(): string[] {
  return host
    .readText('/proc/self/environ', maxFileBytes, false)
    .split('\0')
    .filter((each) => each !== '');
}

function critical(text: string): number {
  const us = host.now(0) / 1000n;
  host.print(`${us / 1_000_000n}.${String(us % 1_000_000n).padStart(6, '0')}: critical: ${text}`);
  return 1;
}
