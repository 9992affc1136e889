import {
  AgentLog,
  createAgent,
  defaultVsockPeers,
  type Host,
  loadSettings,
  otherQemuGa,
  vsockPort,
} from '@innkeeper/agent-core';
import type { Channel, Log } from '@innkeeper/kit';
import { close, exit, giveUp, handedOver, open, print, write } from 'host';
import { portName } from './channels/find-port.ts';
import { listenUnix } from './channels/listen-unix.ts';
import { listenVsock } from './channels/listen-vsock.ts';
import { servePort } from './channels/serve-port.ts';
import type { TakenOver } from './handover/take-over.ts';
import { createQuickJsHost } from './host/quick-js-host.ts';
import { onEverySignal } from './host/signals.ts';
import { LineWriter } from './line-writer.ts';
import { createLog } from './log.ts';
import type { Options } from './options.ts';
import { standardError } from './standard-error.ts';
import { agentVersion } from './version.ts';

const SIGINT = 2;
const SIGTERM = 15;

/** Which dialect a port speaks: docs/adr/0001-native-only-on-its-own-port.md. */
const ports = [
  { name: 'org.innkeeper.agent.0', dialect: 'native' },
  { name: 'org.limiquantix.agent.0', dialect: 'agent-message' },
  { name: 'org.quantix.agent.0', dialect: 'agent-message' },
  { name: 'org.qemu.guest_agent.0', dialect: 'qga' },
] as const;

type ServeOptions = Options & { readonly command: 'serve' };
type PortDialect = (typeof ports)[number]['dialect'];

/** Serves until SIGTERM or SIGINT, then says goodbye to the nodes and exits 0. */
export async function serve(options: ServeOptions): Promise<void> {
  const handed = handedOver();
  if (handed === undefined) {
    await serveAs(options, undefined);
    return;
  }
  try {
    const { takeOver } = await import('./handover/take-over.ts');
    await serveAs(options, takeOver(...handed));
  } catch (error) {
    print(`innkeeper-agent: nothing was taken over: ${error}`);
    // On trial, this brings the earlier program back; otherwise what starts the agent starts it again.
    giveUp();
  }
}

/** @param taken what an earlier program of this process has handed over */
async function serveAs(options: ServeOptions, taken: TakenOver | undefined): Promise<void> {
  const host = createQuickJsHost(taken);
  const agentLog = new AgentLog(host.clock);
  const writer = new LineWriter(standardError());
  const log = createLog(options.logLevel, {
    write: (line) => {
      agentLog.add(line);
      writer.write(line);
    },
  });
  protectFromOutOfMemory();
  // An agent that is only tried out leaves nothing on its machine.
  const state = options.virtio
    ? {
        partialFoldersPath: '/var/lib/innkeeper-agent/partial-folders',
        handleCounterPath: '/run/innkeeper-file-handles',
        networkRecordPath: '/var/lib/innkeeper-agent/network.json',
      }
    : {};
  const settings = await loadSettings(host, options.configPath, log);
  const updateKeysPath = options.updateKeys;
  const qga = settings.config?.qga;
  const agent = createAgent(host, log, undefined, { ...state, ...settings, agentLog, updateKeysPath, qga });
  const controller = new AbortController();
  const stop = (): void => {
    // First, so that no new connection is served.
    controller.abort('stopping');
    agent
      .stop('stopping')
      .catch((error: unknown) => log.error('agent.stop-failed', { error: String(error) }))
      .then(() => exit(0))
      .catch(() => undefined);
  };
  onEverySignal(SIGTERM, stop);
  onEverySignal(SIGINT, stop);
  log.info('agent.started', { version: agentVersion, handover: taken !== undefined });
  if (options.virtio)
    for (const { name, path, dialect } of portsToServe(host, log, settings.config?.devicePath))
      servePort({
        name,
        path,
        log,
        signal: controller.signal,
        serve: (channel) => agent.serveChannel(channel, dialect, controller.signal),
      }).catch((error: unknown) => log.error('port.ended', { port: name, error: String(error) }));
  const { signal } = controller;
  const serve = (channel: Channel): Promise<void> => agent.serveChannel(channel, 'detect', signal);
  for (const path of options.listen) listenUnix({ path, log, signal, serve });
  const { vsockPeers, httpAddress } = settings.config ?? {};
  const peers = options.vsockPeers ?? vsockPeers ?? defaultVsockPeers;
  const vsockPorts = new Set([...(options.virtio ? [vsockPort] : []), ...options.listenVsock]);
  if (peers === 'any' || peers.length > 0)
    for (const port of vsockPorts)
      listenVsock({ port, peers, log, signal, serve }).catch((error: unknown) =>
        log.error('vsock.ended', { error: String(error) }),
      );
  if (httpAddress !== undefined)
    serveHttp(httpAddress, log, signal, (channel) => agent.serveChannel(channel, 'http', signal));
}

/** In a part of its own, since few guests have such an address. */
function serveHttp(address: string, log: Log, signal: AbortSignal, serve: (channel: Channel) => Promise<void>): void {
  import('./channels/listen-tcp.ts')
    .then(({ listenTcp }) => listenTcp({ address, log, signal, serve }))
    .catch((error: unknown) => log.error('http.ended', { error: String(error) }));
}

/** All ports by their names but for one that has its own program, or the one device that the guest's settings name. */
function portsToServe(
  host: Host,
  log: Log,
  devicePath: string | undefined,
): { readonly name: string; readonly path?: string; readonly dialect: PortDialect }[] {
  if (devicePath === undefined || devicePath === 'auto') {
    const program = otherQemuGa(host);
    if (program === undefined) return [...ports];
    log.info('port.left', { port: 'org.qemu.guest_agent.0', program });
    return ports.filter(({ dialect }) => dialect !== 'qga');
  }
  const name = portName(devicePath);
  const dialect = ports.find((port) => port.name === name)?.dialect ?? 'native';
  return [{ name, path: devicePath, dialect }];
}

/** The kernel's OOM killer prefers other processes; agent-core resets this for the programs it starts. */
function protectFromOutOfMemory(): void {
  try {
    const file = open('/proc/self/oom_score_adj', 1, 0, false);
    const text = new TextEncoder().encode('-900');
    try {
      write(file, text, 0, text.length, -1);
    } finally {
      close(file);
    }
  } catch {
    // EACCES: not root. Then the default score stays.
  }
}
