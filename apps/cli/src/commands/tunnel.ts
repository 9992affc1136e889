import { fstatSync } from 'node:fs';
import type { Tunnel } from '@innkeeper/client';
import { isOperationError } from '@innkeeper/contract/errors';
import { defineCommand } from '../define-command.ts';
import { text } from '../options.ts';
import { standardInput } from '../standard-input.ts';
import { writeAll } from '../write-all.ts';
import { parseTarget } from './tunnel-target.ts';

/**
 * `inn tunnel VM PORT`: connects standard input and output to a port or socket of the guest, as an SSH ProxyCommand.
 * Ends when the program in the guest does.
 */
export const command = defineCommand({
  arguments: '<vm> <target>',
  options: [text('--address <ip>', 'an IP address of the guest; default: its loopback')],
  async run({ client, options: { address } }, vm, target) {
    const tunnel = client.openTunnel(vm, parseTarget(target, address));
    let failure: unknown;
    try {
      await tunnel.opened;
      const input = { hasEnded: false };
      send(tunnel, input).catch((error: unknown) => {
        if (!isOperationError(error)) failure = error;
        tunnel.close();
      });
      for await (const data of tunnel) await writeAll(process.stdout, data);
      // Input from a terminal or a pipe may never end; that of a file is sent to its end.
      if (input.hasEnded || fstatSync(0).isFile()) await tunnel.closed;
    } catch (error) {
      throw failure ?? error;
    } finally {
      tunnel.close();
      process.stdin.destroy();
    }
  },
});

/** Sends standard input and its end. If reading it fails, the tunnel is closed; errors of the tunnel are its output's. */
async function send(tunnel: Tunnel, input: { hasEnded: boolean }): Promise<void> {
  for await (const data of standardInput()) await tunnel.write(data);
  input.hasEnded = true;
  tunnel.end();
}
