// Must be first: modules of other packages use the globals when they are loaded.
import './platform/install.ts';
import { handoverFormat } from '@innkeeper/contract/agent-update';
import { encodeBy } from '@innkeeper/contract/lite';
import { encodeMessage, exit, print, printOut, programArguments } from 'host';
import { parseOptions, usage } from './options.ts';
import { serve } from './serve.ts';
import { agentVersion } from './version.ts';

encodeBy(encodeMessage);
const [name = '', ...words] = programArguments();
// It can stand in for that program.
const options = /(?:^|\/)qemu-ga$/.test(name) ? ({ command: 'qemu-ga' } as const) : parseOptions(words);
switch (options.command) {
  case 'qemu-ga':
    import('./qemu-ga/run-qemu-ga.ts')
      .then(({ runQemuGa }) => runQemuGa(words))
      .then((code) => (code === undefined ? undefined : exit(code)), fail);
    break;
  case 'version':
    printOut(`innkeeper-agent ${agentVersion}`);
    exit(0);
    break;
  case 'help':
    printOut(usage);
    exit(0);
    break;
  case 'update-check':
  case 'self-test':
    if (options.command === 'update-check') printOut(`innkeeper-agent ${agentVersion} takes over ${handoverFormat}`);
    import('./self-test.ts').then(({ selfTest }) => exit(selfTest() ? 0 : 1), fail);
    break;
  case 'usage-error':
    print(`innkeeper-agent: ${options.message}.\n${usage}`);
    exit(2);
    break;
  case 'serve':
    serve(options).catch(fail);
    break;
  case 'doctor':
    import('./doctor/doctor.ts').then(({ doctor }) => doctor(options)).then(exit, fail);
    break;
}

function fail(error: unknown): void {
  print(`innkeeper-agent: ${error}`);
  exit(1);
}
