import { NetworkReportSchema } from '@innkeeper/contract/agent';
import { defineCommand } from '../define-command.ts';
import { dataOutput } from '../options.ts';
import { printObject } from '../output/json.ts';
import { describeNetwork } from './describe-network.ts';

/** `inn network show VM` */
export const command = defineCommand({
  arguments: '<vm>',
  options: [dataOutput],
  async run({ client, options: { output } }, vm) {
    const report = await client.networks.show(vm);
    if (output === 'table') process.stdout.write(describeNetwork(report));
    else printObject(output, NetworkReportSchema, report);
  },
});
