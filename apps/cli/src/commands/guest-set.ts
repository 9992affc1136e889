import { SystemSettingsSchema } from '@innkeeper/contract/agent';
import { CliError } from '../cli-error.ts';
import { defineCommand } from '../define-command.ts';
import { exitCodes } from '../exit-codes.ts';
import { dataOutput, flag, text } from '../options.ts';
import { printObject } from '../output/json.ts';
import { describeSettings } from './guest-settings.ts';

/** `inn guest set VM` */
export const command = defineCommand({
  arguments: '<vm>',
  options: [
    text('--hostname <name>', 'name of the guest'),
    text('--time-zone <zone>', 'such as Europe/Vienna'),
    text('--locale <locale>', 'such as de_AT.UTF-8; it must be installed in the guest'),
    flag('--new-machine-id', 'make a new machine id, as for a clone'),
    flag('--new-host-keys', 'replace the SSH host keys, as for a clone'),
    dataOutput,
  ],
  async run({ client, options }, vm) {
    const { hostname, timeZone, locale, newMachineId, newHostKeys } = options;
    if (!newMachineId && !newHostKeys && [hostname, timeZone, locale].every((value) => value === undefined))
      throw new CliError('Nothing to change. Name a setting, such as --hostname web-1.', { exitCode: exitCodes.usage });
    const settings = await client.agent(vm).system.changeSettings({
      ...(hostname === undefined ? {} : { hostname }),
      ...(timeZone === undefined ? {} : { timeZone }),
      ...(locale === undefined ? {} : { locale }),
      newMachineId,
      newHostKeys,
    });
    if (options.output === 'table') process.stdout.write(describeSettings(settings));
    else printObject(options.output, SystemSettingsSchema, settings);
  },
});
