import { SeekFrom, FileHandleServiceLite as service } from '@innkeeper/contract/agent-lite';
import { attempt } from '../attempt.ts';
import { errnoText } from '../errno-text.ts';
import { object } from '../json-value.ts';
import { ask, type QgaCommand, type QgaSteps } from '../qga-command.ts';
import { QgaError } from '../qga-error.ts';

type Mode = {
  readonly write?: true;
  readonly read?: true;
  readonly create?: true;
  readonly truncate?: true;
  readonly append?: true;
};

/** By the mode of fopen(3) without "b". */
const modes: Readonly<Record<string, Mode>> = {
  r: {},
  w: { write: true, create: true, truncate: true },
  a: { write: true, create: true, append: true },
  'r+': { write: true, read: true },
  'w+': { write: true, read: true, create: true, truncate: true },
  'a+': { write: true, read: true, create: true, append: true },
};
const spellings = /^(?:[rwa]b?\+?|[rwa]\+b)$/;
const whences: Readonly<Record<string, SeekFrom>> = { set: SeekFrom.START, cur: SeekFrom.POSITION, end: SeekFrom.END };

/** guest-file-open, -close, -seek and -flush. */
export const fileCommands: readonly QgaCommand[] = [
  {
    name: 'guest-file-open',
    needs: [service.open, service.create],
    prepare: (parameters) => {
      const path = parameters.text('path');
      const mode = parameters.optionalText('mode') ?? 'r';
      return () => openFile(path, mode);
    },
  },
  {
    name: 'guest-file-close',
    needs: [service.close],
    prepare: (parameters) => {
      const handle = parameters.integer('handle');
      return () => nothing(withHandle(handle, ask(service.close, { handle })));
    },
  },
  {
    name: 'guest-file-seek',
    needs: [service.seek],
    prepare: (parameters) => {
      const handle = parameters.integer('handle');
      const offset = parameters.integer('offset');
      const from =
        parameters.alternate('whence', 'GuestFileWhence', (value) => {
          if (typeof value === 'string')
            return whences[value] ?? refuse(`Parameter 'whence' does not accept value '${value}'`);
          if (typeof value !== 'bigint') return undefined;
          return (
            [SeekFrom.START, SeekFrom.POSITION, SeekFrom.END][Number(value)] ?? refuse(`invalid whence code ${value}`)
          );
        }) ?? parameters.missing('whence');
      return function* () {
        const { position } = yield* withHandle(handle, ask(service.seek, { handle, offset, from }), 'seek file');
        return object({ position, eof: false });
      };
    },
  },
  {
    name: 'guest-file-flush',
    needs: [service.flush],
    prepare: (parameters) => {
      const handle = parameters.integer('handle');
      return () => nothing(withHandle(handle, ask(service.flush, { handle }), 'flush file'));
    },
  },
];

/** Errors of operations on a handle, in the words of QGA. */
function* withHandle<T>(handle: bigint, steps: QgaSteps<T>, what = 'close handle'): QgaSteps<T> {
  return yield* attempt(steps, (error) =>
    error.reason === 'HANDLE_NOT_FOUND'
      ? new QgaError(`handle '${handle}' has not been found`)
      : new QgaError(`failed to ${what}: ${errnoText(error)}`),
  );
}

function* openFile(path: string, mode: string): QgaSteps<bigint> {
  const { write, ...rest } =
    (spellings.test(mode) ? modes[mode.replace('b', '')] : undefined) ?? refuse(`invalid file open mode '${mode}'`);
  // qemu-ga's folder is the root.
  const absolute = path.startsWith('/') ? path : `/${path}`;
  const steps =
    write === undefined ? ask(service.open, { path: absolute }) : ask(service.create, { path: absolute, ...rest });
  const { handle } = yield* attempt(
    steps,
    (error) => new QgaError(`failed to open file '${path}' (mode: '${mode}'): ${errnoText(error)}`),
  );
  return handle;
}

function* nothing(steps: QgaSteps<unknown>): QgaSteps<ReturnType<typeof object>> {
  yield* steps;
  return object({});
}

function refuse(text: string): never {
  throw new QgaError(text);
}
