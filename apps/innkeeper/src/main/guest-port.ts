import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';

const host = '127.0.0.1';

/**
 * A free port of the loopback for guests: the one of the last start where it is free, since VMs that run lead to it.
 * Rejects with Node's error when there is none at all.
 */
export async function chooseGuestPort(path: string): Promise<number> {
  const last = Number.parseInt(await readFile(path, 'latin1').catch(() => ''), 10);
  const port = (last > 1023 && last < 65_536 ? await tryPort(last) : undefined) ?? (await tryPort(0));
  if (port === undefined) throw new Error(`no port of ${host} is free`);
  await writeFile(path, `${port}\n`, { mode: 0o600 });
  return port;
}

/** Where it listens. */
export function guestAddressOf(port: number): { host: string; port: number } {
  return { host, port };
}

/** The port when it is free; undefined when something has it. */
async function tryPort(wanted: number): Promise<number | undefined> {
  const server = createServer();
  server.listen(guestAddressOf(wanted));
  try {
    await once(server, 'listening');
  } catch {
    return undefined;
  }
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : undefined;
}
