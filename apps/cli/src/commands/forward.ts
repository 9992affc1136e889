import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { CliError } from '../cli-error.ts';
import { defineCommand } from '../define-command.ts';
import { EndedBySignal, onTerminationSignal } from '../ended-by-signal.ts';
import { exitCodes } from '../exit-codes.ts';
import { text } from '../options.ts';
import { clean } from '../output/clean.ts';
import { carryConnection } from './carry-connection.ts';
import { type Forward, parseForward } from './tunnel-target.ts';

/**
 * `inn forward VM LOCAL[:TARGET]…`: listens on this machine's loopback, and connects each connection to a port or socket
 * of the guest, until a signal.
 */
export const command = defineCommand({
  arguments: '<vm> <forwards...>',
  options: [text('--bind <address>', 'address of this machine to listen on', '127.0.0.1')],
  async run({ client, options: { bind, quiet } }, vm, words) {
    const forwards = words.map(parseForward);
    const { name } = await client.vms.getVm({ vm });
    const stop = new AbortController();
    const release = onTerminationSignal((signal) => stop.abort(new EndedBySignal(signal)));
    const servers: Server[] = [];
    const report = quiet ? () => undefined : reporter();
    try {
      for (const forward of forwards) {
        const place = nameOf(forward, name);
        const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
          void carryConnection(socket, (signal) => client.openTunnel(vm, forward.target, { signal }), {
            signal: stop.signal,
            onFailure: (error) => report(`${place}: ${clean(error.message)}`),
          });
        });
        servers.push(server);
        const port = await listen(server, bind, forward.localPort);
        process.stdout.write(`${bind.includes(':') ? `[${bind}]` : bind}:${port} -> ${place}\n`);
      }
      await once(stop.signal, 'abort');
      throw stop.signal.reason;
    } finally {
      release();
      stop.abort();
      for (const server of servers) server.close();
    }
  },
});

async function listen(server: Server, host: string, port: number): Promise<number> {
  server.listen({ host, port });
  try {
    await once(server, 'listening');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'EADDRINUSE' ? 'another program listens there' : message;
    throw new CliError(`Cannot listen on ${host}:${port}: ${why}.`, { exitCode: exitCodes.general });
  }
  return (server.address() as AddressInfo).port;
}

function nameOf({ target }: Forward, vm: string): string {
  return 'unix' in target ? `${vm}:${target.unix}` : `${vm}:${target.port}`;
}

/** Prints failures of connections on standard error; one that repeats is printed once in ten seconds. */
function reporter(): (line: string) => void {
  const repeatMs = 10_000;
  let last = { line: '', timeMs: 0 };
  return (line) => {
    const timeMs = performance.now();
    if (line === last.line && timeMs - last.timeMs < repeatMs) return;
    last = { line, timeMs };
    process.stderr.write(`inn: ${line}\n`);
  };
}
