import { printAddressReport, statusOf } from '@innkeeper/wire';
import type { AgentConfig } from '../config/agent-config.ts';
import { parseEndpoint } from '../config/ip-endpoint.ts';
import type { Connection, Host } from '../host.ts';
import { hasErrno } from '../host-error.ts';

const maxTokenBytes = 1024;
const maxAnswerBytes = 1024;

/** Tells the manager an address. Rejects with the reason if it did not accept it. */
export async function postAddress(
  host: Host,
  config: AgentConfig,
  address: string,
  signal: AbortSignal,
): Promise<void> {
  const { managerAddress: manager = '', vmId = '', managerTokenFile } = config;
  const endpoint = parseEndpoint(manager);
  if (endpoint === undefined) throw new Error(`${manager} is not ADDRESS:PORT`);
  const token = managerTokenFile === undefined ? undefined : readToken(host, managerTokenFile);
  const connection = await host.network.connect(endpoint, signal);
  const close = (): void => connection.close();
  signal.addEventListener('abort', close);
  try {
    await writeAll(connection, printAddressReport({ manager, vmId, address, token }), signal);
    const status = await readStatus(connection, signal);
    if (status < 200 || status > 299)
      throw new Error(status === 0 ? 'its answer is not HTTP' : `it answered ${status}`);
  } finally {
    signal.removeEventListener('abort', close);
    connection.close();
  }
}

/** The VM's own token, which nobody but root may read. */
function readToken(host: Host, path: string): string {
  try {
    if ((host.files.stat(path, true).mode & 0o077) !== 0) throw new Error(`others can read ${path}: chmod 600`);
    const token = host.files.readText(path, maxTokenBytes).trim();
    if (/^[\x21-\x7e]+$/.test(token)) return token;
  } catch (error) {
    throw hasErrno(error, 'ENOENT') ? new Error(`${path} does not exist`) : error;
  }
  throw new Error(`${path} has no token`);
}

async function writeAll(connection: Connection, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    signal.throwIfAborted();
    const count = connection.write(bytes.subarray(at));
    at += count;
    if (count === 0) await connection.writable();
  }
}

async function readStatus(connection: Connection, signal: AbortSignal): Promise<number> {
  const answer = new Uint8Array(maxAnswerBytes);
  let filled = 0;
  for (;;) {
    signal.throwIfAborted();
    const count = connection.read(answer.subarray(filled));
    if (count === undefined) throw new Error('it closed the connection without an answer');
    filled += count;
    const status = statusOf(answer.subarray(0, filled));
    if (status !== undefined) return status;
    if (count === 0) await connection.readable();
  }
}
