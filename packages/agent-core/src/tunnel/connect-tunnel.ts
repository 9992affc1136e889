import type { OpenTunnel } from '@innkeeper/contract/agent';
import { OperationError } from '@innkeeper/contract/errors';
import { onAbort, withDeadline } from '@innkeeper/kit';
import { checkPath } from '../file/check-path.ts';
import type { Connection, ConnectTarget, Host } from '../host.ts';
import { hasErrno, isHostError } from '../host-error.ts';

const defaultTimeoutMs = 10_000;
const maxTimeoutMs = 60_000;
/** sockaddr_un.sun_path without its NUL. */
const maxSocketPathBytes = 107;
/** A unix socket whose queue is full refuses at once instead of waiting: it is asked again at this interval. */
const retryMs = 50;
const loopback = ['127.0.0.1', '::1'];

/**
 * Connects to what a caller named.
 * @throws OperationError INVALID_ARGUMENT, INVALID_PATH, FILE_NOT_FOUND, FILE_PERMISSION, TUNNEL_REFUSED,
 * TUNNEL_UNREACHABLE, TUNNEL_TIMEOUT
 */
export function connectTunnel(host: Host, open: OpenTunnel, signal: AbortSignal): Promise<Connection> {
  const targets = targetsOf(host, open);
  const { timeoutMs = 0 } = open;
  if (timeoutMs > maxTimeoutMs)
    throw new OperationError('INVALID_ARGUMENT', `timeout_ms is ${timeoutMs}; the maximum is ${maxTimeoutMs}.`);
  const limitMs = timeoutMs === 0 ? defaultTimeoutMs : timeoutMs;
  const late = (): Error =>
    new OperationError('TUNNEL_TIMEOUT', `${nameOf(targets[0])} did not accept a connection within ${limitMs} ms.`);
  return withDeadline({ timers: host.clock, timeoutMs: limitMs, signal, late }, (ending) =>
    connectFirst(host, targets, ending),
  );
}

/** Tries the targets in order, as long as they refuse; the error is that of the first one. */
async function connectFirst(host: Host, targets: readonly ConnectTarget[], signal: AbortSignal): Promise<Connection> {
  let failure: unknown;
  for (const target of targets) {
    try {
      return await connectOnce(host, target, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      failure ??= explain(error, target);
      if (!hasErrno(error, 'ECONNREFUSED')) break;
    }
  }
  throw failure;
}

async function connectOnce(host: Host, target: ConnectTarget, signal: AbortSignal): Promise<Connection> {
  for (;;) {
    signal.throwIfAborted();
    try {
      return await host.network.connect(target, signal);
    } catch (error) {
      if (!hasErrno(error, 'EAGAIN')) throw error;
      await pause(host, signal);
    }
  }
}

function pause(host: Host, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const cancel = host.clock.setTimer(retryMs, done);
    const stopListening = onAbort(signal, done);
    function done(): void {
      cancel();
      stopListening?.();
      resolve();
    }
  });
}

function targetsOf(host: Host, { target, address }: OpenTunnel): [ConnectTarget, ...ConnectTarget[]] {
  switch (target.case) {
    case 'tcpPort': {
      const port = target.value;
      if (port < 1 || port > 65_535)
        throw new OperationError('INVALID_ARGUMENT', `${port} is not a TCP port; use 1 to 65535.`);
      const [first = '', ...others] = address === '' ? loopback : [ownAddress(host, address)];
      return [{ address: first, port }, ...others.map((each) => ({ address: each, port }))];
    }
    case 'unixPath': {
      if (address !== '') throw new OperationError('INVALID_ARGUMENT', 'A unix socket has no address.');
      const path = checkPath(target.value);
      if (new TextEncoder().encode(path).length > maxSocketPathBytes)
        throw new OperationError('INVALID_PATH', `The path of a socket has at most ${maxSocketPathBytes} bytes.`);
      return [{ path }];
    }
    default:
      throw new OperationError('INVALID_ARGUMENT', 'A tunnel needs a TCP port or the path of a unix socket.');
  }
}

/** Only the guest itself: a tunnel into the guest is not a way into its network. */
function ownAddress(host: Host, address: string): string {
  const isOwn =
    /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(address) ||
    address === '::1' ||
    host.network.addresses().some((each) => each.address === address);
  if (!isOwn)
    throw new OperationError('INVALID_ARGUMENT', `"${address.slice(0, 64)}" is not an IP address of this guest.`);
  return address;
}

function nameOf(target: ConnectTarget): string {
  if ('path' in target) return target.path;
  return target.address.includes(':') ? `[${target.address}]:${target.port}` : `${target.address}:${target.port}`;
}

const unreachable = ['ENETUNREACH', 'EHOSTUNREACH', 'ENETDOWN', 'EHOSTDOWN', 'EADDRNOTAVAIL', 'EINVAL', 'EAFNOSUPPORT'];

function explain(error: unknown, target: ConnectTarget): unknown {
  if (!isHostError(error)) return error;
  const name = nameOf(target);
  if (hasErrno(error, 'ECONNREFUSED', 'EPROTOTYPE', 'ENOTSOCK'))
    return new OperationError('TUNNEL_REFUSED', `Nothing accepts connections at ${name}.`, { cause: error });
  if (hasErrno(error, 'ETIMEDOUT'))
    return new OperationError('TUNNEL_TIMEOUT', `${name} did not answer.`, { cause: error });
  if (hasErrno(error, ...unreachable))
    return new OperationError('TUNNEL_UNREACHABLE', `The guest cannot reach ${name}: ${error.errno}.`, {
      cause: error,
    });
  return error;
}
