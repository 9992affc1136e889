import { defineCommand } from '../define-command.ts';

/** `inn rename VM NAME`: `inn set VM --name NAME`, in the words that people look for. */
export const command = defineCommand({
  arguments: '<vm> <name>',
  options: [],
  async run({ client }, vm, name) {
    const changed = await client.vms.updateVm({ vm, name });
    process.stdout.write(`${vm} is now named ${changed.name}.\n`);
  },
});
