import { object } from '../json-value.ts';
import { known, type QgaCommand, simple } from '../qga-command.ts';

const whileFrozen = { whileFrozen: true } as const;

/** guest-sync, guest-sync-delimited, guest-ping, guest-info. */
export const sessionCommands: readonly QgaCommand[] = [
  ...['guest-sync', 'guest-sync-delimited'].map(
    (name): QgaCommand => ({
      name,
      ...whileFrozen,
      prepare: (parameters) => {
        const id = parameters.integer('id');
        return () => known(id);
      },
    }),
  ),
  simple('guest-ping', () => known(object({})), whileFrozen),
  simple(
    'guest-info',
    ({ version, commands, whyDisabled }) => {
      const rows = commands.map(({ name, isSilent }) =>
        object({ enabled: whyDisabled(name) === undefined, name, 'success-response': isSilent !== true }),
      );
      return known(object({ version, supported_commands: rows }));
    },
    whileFrozen,
  ),
];
