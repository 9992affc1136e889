import { ShutdownMode, SuspendMode, PowerServiceLite as service } from '@innkeeper/contract/agent-lite';
import { attempt } from '../attempt.ts';
import { object } from '../json-value.ts';
import { ask, type QgaCommand } from '../qga-command.ts';
import { QgaError } from '../qga-error.ts';

const shutdownModes: Readonly<Record<string, ShutdownMode>> = {
  powerdown: ShutdownMode.POWEROFF,
  halt: ShutdownMode.HALT,
  reboot: ShutdownMode.REBOOT,
};
const suspendModes: readonly (readonly [string, SuspendMode])[] = [
  ['disk', SuspendMode.DISK],
  ['ram', SuspendMode.MEMORY],
  ['hybrid', SuspendMode.HYBRID],
];

/** guest-shutdown and guest-suspend-*, which are not answered when they succeed. */
export const powerCommands: readonly QgaCommand[] = [
  {
    name: 'guest-shutdown',
    needs: [service.shutdown],
    isSilent: true,
    prepare: (parameters) => {
      const mode = shutdownModes[parameters.optionalText('mode') ?? 'powerdown'];
      return function* () {
        if (mode === undefined) throw new QgaError('mode is invalid (valid values are: halt|powerdown|reboot)');
        yield* ask(service.shutdown, { mode });
        return object({});
      };
    },
  },
  ...suspendModes.map(
    ([name, mode]): QgaCommand => ({
      name: `guest-suspend-${name}`,
      needs: [service.suspend],
      isSilent: true,
      prepare: () =>
        function* () {
          yield* attempt(ask(service.suspend, { mode }), ({ reason }) =>
            reason === 'SUSPEND_UNSUPPORTED'
              ? new QgaError('the requested suspend mode is not supported by the guest')
              : undefined,
          );
          return object({});
        },
    }),
  ),
];
