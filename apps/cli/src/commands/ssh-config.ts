import { defineCommand } from '../define-command.ts';
import { globalOptions } from '../global-options.ts';
import { text, valuesOf } from '../options.ts';
import { parsePort } from './tunnel-target.ts';

/**
 * `inn ssh-config VM…`: the stanzas for ~/.ssh/config that let ssh, scp, sftp, rsync and Ansible reach guests by their
 * names. Host keys are remembered by the id of the VM, so that a new VM of an old name is a stranger, not an attack.
 */
export const command = defineCommand({
  arguments: '<vm...>',
  options: [
    text('--user <name>', 'user in the guest; default: as ssh chooses'),
    text('--port <port>', 'port of the SSH server in the guest', '22'),
  ],
  async run({ client, options: { user, port }, command: own }, vms) {
    const sshPort = parsePort(port);
    const { data, socket, context } = valuesOf(globalOptions, own.optsWithGlobals());
    const where = Object.entries({ data, socket, context }).flatMap(([name, value]) =>
      value === undefined || value === '' ? [] : [`--${name}`, value],
    );
    for (const vm of vms) {
      const { id, name } = await client.vms.getVm({ vm });
      const proxy = ['inn', ...where, 'tunnel', name, `${sshPort}`].map(shellWord).join(' ');
      const lines = [
        `Host ${name}`,
        // ssh expands percent signs itself.
        `  ProxyCommand ${proxy.replaceAll('%', '%%')}`,
        `  HostKeyAlias innkeeper-${id}`,
        '  CheckHostIP no',
        ...(user === undefined ? [] : [`  User ${user}`]),
      ];
      process.stdout.write(`${lines.join('\n')}\n`);
    }
  },
});

/** A word as a shell reads it. */
function shellWord(word: string): string {
  return /^[A-Za-z0-9_./:@%+=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
