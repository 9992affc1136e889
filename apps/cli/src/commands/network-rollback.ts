import { NetworkReportSchema } from '@innkeeper/contract/agent';
import { defineCommand } from '../define-command.ts';
import { dataOutput, text } from '../options.ts';
import { printObject } from '../output/json.ts';
import { describeChange } from './describe-network.ts';

/** `inn network rollback VM` */
export const command = defineCommand({
  arguments: '<vm>',
  options: [text('--id <id>', 'only this change (default: whatever is pending)'), dataOutput],
  async run({ client, options: { id, output } }, vm) {
    const report = await client.networks.rollBack(vm, id);
    if (output === 'table') process.stdout.write(describeChange(report));
    else printObject(output, NetworkReportSchema, report);
  },
});
