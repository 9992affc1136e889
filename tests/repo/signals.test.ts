import assert from 'node:assert/strict';
import { it } from 'node:test';
import { readTracked, trackedFiles } from './source-files.ts';

/** kit's signals.test.ts is the proof of what these lack: no listener and no timer is left behind. */
const rules = [
  { call: 'AbortSignal.any(', instead: 'linkSignals', except: /^packages\/kit\// },
  // A test that hangs is to end; what is left running does not matter there.
  {
    call: 'AbortSignal.timeout(',
    instead: 'withDeadline',
    except: /^packages\/kit\/|^tests\/|\.test\.ts$|\/(testing|fake)\//,
  },
];

it('AbortSignal.any and AbortSignal.timeout are not used: kit has linkSignals and withDeadline', () => {
  const files = trackedFiles().filter((file) => /\.tsx?$/.test(file) && file !== 'tests/repo/signals.test.ts');
  const found = rules.flatMap(({ call, instead, except }) =>
    files
      .filter((file) => !except.test(file) && readTracked(file).includes(call))
      .map((file) => `${file}: ${call}…), where ${instead} belongs`),
  );
  assert.deepEqual(found, []);
});
