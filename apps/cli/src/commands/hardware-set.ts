import { defineCommand } from '../define-command.ts';
import { parseCount } from '../parse-values.ts';

/** `inn cpu on VM 1 2`, `inn memory off VM 32` and the like. */
export const command = defineCommand({
  arguments: '<vm> <id...>',
  options: [],
  async run({ client, command }, vm, ids) {
    const kind = command.parent?.name() === 'cpu' ? 'cpu' : 'memory';
    const online = command.name() === 'on';
    const numbers = ids.map((id) => parseCount(id, kind, 0, 999_999_999));
    await client.power.setHardware(vm, kind, numbers, online);
    process.stdout.write(`${vm}: ${kind} ${numbers.join(', ')} is ${online ? 'on' : 'off'} line.\n`);
  },
});
