import { SystemSettingsSchema } from '@innkeeper/contract/agent';
import { defineCommand } from '../define-command.ts';
import { dataOutput } from '../options.ts';
import { printObject } from '../output/json.ts';
import { describeSettings } from './guest-settings.ts';

/** `inn guest show VM` */
export const command = defineCommand({
  arguments: '<vm>',
  options: [dataOutput],
  async run({ client, options }, vm) {
    const settings = await client.agent(vm).system.getSettings({});
    if (options.output === 'table') process.stdout.write(describeSettings(settings));
    else printObject(options.output, SystemSettingsSchema, settings);
  },
});
