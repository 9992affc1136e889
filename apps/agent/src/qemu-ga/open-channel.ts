import { type Channel, errorMessage, type Log } from '@innkeeper/kit';
import * as host from 'host';
import { listenUnix } from '../channels/listen-unix.ts';
import { listenVsock } from '../channels/listen-vsock.ts';
import { PortChannel } from '../channels/port-channel.ts';
import { servePort } from '../channels/serve-port.ts';

const portName = 'org.qemu.guest_agent.0';
/** termios(3): 38,400 bits per second, which is qemu-ga's speed. */
const B38400 = 0o17;
/** vsock(7): the host. */
const hostCid = 2;

const methods = ['virtio-serial', 'isa-serial', 'unix-listen', 'vsock-listen'] as const;
type Method = (typeof methods)[number];

export interface OpenChannelOptions {
  readonly method: Method;
  readonly path: string;
  /** Waits for a device that cannot be opened. */
  readonly retries: boolean;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly serve: (channel: Channel) => Promise<void>;
}

/** Whether qemu-ga has a method of this name. */
export function isMethod(name: string): name is Method {
  return methods.some((each) => each === name);
}

/** Serves what -m and -p name until the signal. Returns why it cannot. */
export function openChannel({ method, path, retries, log, signal, serve }: OpenChannelOptions): string | undefined {
  const open = method === 'isa-serial' ? openSerial : host.openPort;
  try {
    if (method === 'unix-listen') {
      listenUnix({ path, log, signal, serve });
      return undefined;
    }
    if (method === 'vsock-listen') return listenOnVsock({ path, log, signal, serve });
    // Without -r a device that cannot be opened is the end, which the init system reports.
    if (!retries) new PortChannel(portName, path, open).close().catch(() => undefined);
  } catch (error) {
    return `error opening channel '${path}': ${errorMessage(error)}`;
  }
  servePort({ name: portName, path, open, log, signal, serve }).catch((error: unknown) =>
    log.error('port.ended', { error: errorMessage(error) }),
  );
  return undefined;
}

/** The CID is the guest's own, which qemu-ga binds; connections to any of them are served, from the host alone. */
function listenOnVsock({
  path,
  log,
  signal,
  serve,
}: Pick<OpenChannelOptions, 'path' | 'log' | 'signal' | 'serve'>): string | undefined {
  const [, port] = /^(?:-1|\d{1,10}):([1-9]\d{0,9})$/.exec(path) ?? [];
  if (port === undefined || Number(port) >= 2 ** 32) return `'${path}' is not an address such as 3:1024`;
  listenVsock({ port: Number(port), peers: [hostCid], log, signal, serve }).catch((error: unknown) =>
    log.error('vsock.ended', { error: errorMessage(error) }),
  );
  return undefined;
}

function openSerial(path: string): number {
  const fd = host.openPort(path);
  try {
    host.serialLine(fd, B38400);
    return fd;
  } catch (error) {
    host.close(fd);
    throw error;
  }
}
