import type { QgaCommand } from '../qga-command.ts';
import { accountCommands } from './accounts.ts';
import { diskCommands } from './disks.ts';
import { fileCommands } from './files.ts';
import { freezeCommands } from './freeze.ts';
import { hardwareCommands } from './hardware.ts';
import { networkCommands } from './network.ts';
import { powerCommands } from './power.ts';
import { sessionCommands } from './session.ts';
import { systemCommands } from './system.ts';

/** All commands that are answered with one value; those whose contents are streamed are the dialect's own. */
export const qgaCommands: readonly QgaCommand[] = [
  ...sessionCommands,
  ...systemCommands,
  ...powerCommands,
  ...fileCommands,
  ...freezeCommands,
  ...networkCommands,
  ...hardwareCommands,
  ...diskCommands,
  ...accountCommands,
];
